"""Temporal (in)stability T: how much an object's contour has to be deformed from one frame to the next.

The contour of each mask becomes a polygon, the polygon becomes samples, and each sample is described by its shape
context, a histogram of where all samples lie around it. T is the mean chi-square cost of the best monotone one-to-one
matching of the samples of two consecutive frames: 0 where the contours are the same up to translation, 1 at most, lower
is better. Scale cancels, rotation does not. T needs no ground truth, so it says nothing about accuracy.

Defined by Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", CVPR 2016,
and in detail by the authors' DAVIS toolkit for MATLAB, which made the published numbers. This module follows
it operation by operation. (The toolkit's Python port computes other values.)

What a sequence of n frames is scored on, as in the toolkit: frames 1 to n - 2, each with the frame before it; for
frame 1 that is the *ground truth* of frame 0. The score is the mean over frames where T is defined, times
``DISPLAY_FACTOR``. A dataset's score is the mean over its stable sequences, those without occlusions and fast
deformation.

========================================  ==========================================================================
case                                      result
========================================  ==========================================================================
empty mask                                no descriptor; T is nan for both pairs the frame is part of
mask too small for a triangle             the same: one pixel, 2 x 2 pixels and lines one pixel wide leave no polygon
several blobs, holes                      the contour with most *vertices* speaks for the mask, be it a hole or a speck
mask touches the frame's border           outside is background: the border closes the contour
same mask, or shifted by whole pixels     0, or nearly so where rounding moves samples to other sectors
contour needs more than 3500 samples      :class:`TooRaggedError`
========================================  ==========================================================================
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vosbench import kernel
from vosbench.errors import VosbenchError

#: Published scores are the mean T times this; only to bring them near the scale of J and F.
DISPLAY_FACTOR = 5.0

#: The most samples a contour may need; they are up to 3 pixels apart. Time and memory grow with the square: at the
#: limit a pair takes about 300 MB.
MAX_SAMPLES = 3500

#: The sequences of the DAVIS-2016 validation set that T is averaged over.
STABLE_DAVIS_2016_VAL = frozenset(
    {
        *("blackswan", "camel", "car-roundabout", "car-shadow", "cows", "drift-straight", "kite-surf"),
        *("paragliding-launch", "scooter-black", "soapbox"),
    }
)

#: The sequences of all of DAVIS-2016 that T is not averaged over.
UNSTABLE_DAVIS_2016 = frozenset(
    {
        *("bmx-bumps", "bmx-trees", "breakdance", "breakdance-flare", "dance-twirl", "dog", "dog-agility"),
        *("drift-chicane", "goat", "horsejump-high", "horsejump-low", "libby", "lucia", "mallard-fly"),
        *("motocross-jump", "motorbike", "paragliding", "parkour", "rollerblade", "scooter-gray", "soccerball"),
        *("swing", "tennis"),
    }
)


class TooRaggedError(VosbenchError):
    """A contour needs more than ``MAX_SAMPLES`` samples; T of its two pairs of frames is not computed."""

    code = "too-ragged"
    exit_code = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Descriptor:
    """What T knows about one mask.

    Attributes:
        vertices: int32 (m, 2), rows and columns of the chosen polygon's corners, on the lattice between pixels
            (0 to H, 0 to W); the first is repeated as the last.
        samples: float64 (n, 2), points along it at most 3 pixels apart.
        histograms: float64 (n, 60), the shape context of each sample.
    """

    vertices: NDArray[np.int32]
    samples: NDArray[np.float64]
    histograms: NDArray[np.float64]


def describe(mask: ArrayLike) -> Descriptor | None:
    """Describe the contour of one mask. Each mask is part of two pairs of frames, so compute this once.

    Args:
        mask: (H, W), boolean or integer; True or non-zero is object.

    Returns:
        The descriptor, or None where the mask leaves no polygon: empty, or smaller than about 3 x 3 pixels.

    Raises:
        ValueError: the mask is not two-dimensional.
        TooRaggedError: its contour needs more than ``MAX_SAMPLES`` samples.

    Example:
        >>> import numpy as np
        >>> mask = np.zeros((120, 160), bool)
        >>> mask[10:40, 10:50] = True
        >>> found = describe(mask)
        >>> found.vertices.tolist(), len(found.samples)
        ([[10, 10], [10, 50], [40, 50], [40, 10], [10, 10]], 49)
    """
    mask = np.asarray(mask)
    if mask.ndim != 2:
        raise ValueError(f"expected a mask (H, W), got {mask.shape}")
    if not mask.size:
        return None
    vertices = kernel.longest_polygon(np.ascontiguousarray(mask != 0).view(np.uint8))
    if not len(vertices):
        return None
    samples = kernel.resample(vertices)
    if len(samples) > MAX_SAMPLES:
        raise TooRaggedError(
            f"the contour needs {len(samples)} samples, temporal stability takes at most {MAX_SAMPLES}",
            fix="smooth the mask, or leave temporal stability out for this sequence",
        )
    return Descriptor(vertices=vertices, samples=samples, histograms=kernel.shape_contexts(samples))


def instability(previous: Descriptor | None, current: Descriptor | None) -> float:
    """T of two consecutive frames, without the display factor.

    The order matters a little: the matching is directed, and swapping the frames can change the third digit.

    Args:
        previous, current: descriptors of the object in the two frames, None where there is none.

    Returns:
        The mean matching cost, 0 to 1, lower is better; nan if either descriptor is None.
    """
    if previous is None or current is None:
        return math.nan
    return kernel.matching_cost(kernel.chi_square(previous.histograms, current.histograms))


def temporal_instability(previous: ArrayLike, current: ArrayLike) -> float:
    """T of an object's masks in two consecutive frames, without the display factor.

    Args:
        previous, current: (H, W), boolean or integer; True or non-zero is object. One shape.

    Returns:
        The mean matching cost, 0 to 1, lower is better; nan if either mask leaves no polygon (see :func:`describe`).

    Raises:
        ValueError: the masks differ in shape or are not two-dimensional.
        TooRaggedError: a contour needs more than ``MAX_SAMPLES`` samples.

    Example:
        >>> import numpy as np
        >>> row, column = np.ogrid[:120, :160]
        >>> disk = (row - 60) ** 2 + (column - 80) ** 2 <= 40**2
        >>> smaller = (row - 60) ** 2 + (column - 80) ** 2 <= 30**2
        >>> temporal_instability(disk, np.roll(disk, 5, axis=1))
        0.0
        >>> temporal_instability(disk, smaller)
        0.014902042174105894
        >>> temporal_instability(disk, np.zeros_like(disk))
        nan
    """
    if np.shape(previous) != np.shape(current):
        raise ValueError(f"previous has shape {np.shape(previous)}, current has shape {np.shape(current)}")
    return instability(describe(previous), describe(current))
