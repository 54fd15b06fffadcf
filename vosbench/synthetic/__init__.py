"""A synthetic dataset with exact ground truth: textured objects that deform, cross, leave and come back.

It needs no download and no licence, so it suits demonstrations, tests and the training of small models; the same seed
gives the same bytes on one machine.
"""

from vosbench.synthetic.render import render_sequence
from vosbench.synthetic.shapes import CATEGORIES, SEEN, UNSEEN
from vosbench.synthetic.write import make_dataset

__all__ = ["CATEGORIES", "SEEN", "UNSEEN", "make_dataset", "render_sequence"]
