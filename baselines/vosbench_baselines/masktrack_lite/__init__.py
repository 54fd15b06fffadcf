"""MaskTrack-lite: a small network refines the mask of the frame before, inside a square around the object."""
