"""Predictors without weights, from an empty answer to optical flow."""

from vosbench.propagation.predictors import PREDICTORS, CopyFirstMask, Nothing, OpticalFlow, Predictor

__all__ = ["PREDICTORS", "CopyFirstMask", "Nothing", "OpticalFlow", "Predictor"]
