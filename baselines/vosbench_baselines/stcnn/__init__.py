"""STCNN (CVPR 2019): a temporal coherence branch and a spatial segmentation branch."""
