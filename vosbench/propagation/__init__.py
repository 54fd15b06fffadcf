"""Predictors without weights, from an empty answer to optical flow, and a driver that runs one over a dataset."""

from vosbench.propagation.folder import predict_folder
from vosbench.propagation.predictors import PREDICTORS, CopyFirstMask, Nothing, OpticalFlow, Predictor

__all__ = ["PREDICTORS", "CopyFirstMask", "Nothing", "OpticalFlow", "Predictor", "predict_folder"]
