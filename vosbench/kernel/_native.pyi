from typing import Any

def joint_histogram(gt: Any, pred: Any, n_gt: int, n_pred: int, out: Any, /) -> None: ...
def contours(labels: Any, /) -> tuple[bytes, bytes, int]: ...
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
    n_reach: int,
    hits: Any,
    /,
) -> None: ...
def count_pair(
    gt: tuple[Any, Any, Any, int],
    pred: tuple[Any, Any, Any, int],
    pairs: Any,
    n_pairs: int,
    reach: Any,
    n_reach: int,
    counts: Any,
    overlaps: Any,
    n_overlaps: int,
    /,
) -> None: ...
def unfilter(raw: Any, height: int, width: int, depth: int, step: int, out: Any, /) -> None: ...
def longest_polygon(mask: Any, height: int, width: int, /) -> bytes: ...
def resample(vertices: Any, n: int, /) -> bytes: ...
def shape_contexts(samples: Any, n: int, out: Any, /) -> None: ...
def chi_square(a: Any, n_a: int, b: Any, n_b: int, out: Any, /) -> None: ...
def matching_cost(costs: Any, rows: int, columns: int, /) -> float: ...
