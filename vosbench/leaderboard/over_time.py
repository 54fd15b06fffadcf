"""J over the course of a video: do results drift away from the first mask? (Xu et al., ECCV 2018, Figure 3.)"""

from pathlib import Path
from typing import Final

POINTS: Final = 21


def mean_over_time(frames: Path, series: set[tuple[str, int, int]]) -> list[str]:
    """Mean J at 21 equally spaced points from the first to the last scored frame, from a ``frames.parquet``.

    ``series`` are the (sequence, object, proposal) that count. Each one's J is interpolated linearly over its own
    scored frames and the curves are averaged. A frame on which object and prediction are both empty counts 1. Without
    the file, or without series, the list is empty.
    """
    if not frames.is_file() or not series:
        return []
    import numpy as np
    import pyarrow.parquet as pq

    keys = ["sequence", "object", "proposal"]
    table = pq.read_table(
        frames, columns=[*keys, "index", "scored", "intersection", "gt_area", "pred_area"]
    ).to_pandas()
    table = table[table["scored"]].sort_values([*keys, "index"], kind="stable")
    union = table["gt_area"] + table["pred_area"] - table["intersection"]
    table["J"] = np.where(union > 0, table["intersection"] / np.maximum(union, 1), 1.0)
    at = np.linspace(0, 1, POINTS)
    groups = table.groupby(keys, sort=True, observed=True)["J"]
    curves = [np.interp(at, np.linspace(0, 1, len(j)), j) for key, j in groups if key in series]
    return [f"{v:.4f}" for v in np.mean(curves, axis=0)] if curves else []
