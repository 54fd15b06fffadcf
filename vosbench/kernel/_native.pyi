from typing import Any

def joint_histogram(gt: Any, pred: Any, n: int, n_gt: int, n_pred: int, out: Any, /) -> None: ...
def contours(labels: Any, height: int, width: int, /) -> tuple[bytes, bytes]: ...
def contour_hits(
    a_offsets: Any,
    a_positions: Any,
    b_offsets: Any,
    b_positions: Any,
    height: int,
    width: int,
    pairs: Any,
    n_pairs: int,
    reach: Any,
    radius: int,
    hits: Any,
    /,
) -> None: ...
def unfilter(raw: Any, height: int, width: int, depth: int, out: Any, /) -> None: ...
