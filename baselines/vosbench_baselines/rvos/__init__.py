"""RVOS (CVPR 2019): recurrence over the objects of a frame and over time."""
