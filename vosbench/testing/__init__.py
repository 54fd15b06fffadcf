"""For authors of protocols, datasets and models: one call that checks what must always hold.

``check_benchmark`` takes a protocol and data of its layout, ``check_model`` a model; both raise AssertionError with
what does not hold. ``write_label_maps`` and ``draw`` make worlds so small that their scores can be worked out by hand.
"""

from vosbench.testing.benchmarks import (
    SHAPE,
    check_benchmark,
    check_dataset,
    check_protocol,
    check_scores,
    draw,
    truth_as_prediction,
    write_label_maps,
    write_object_tree,
)
from vosbench.testing.models import check_model

__all__ = [
    "SHAPE",
    "check_benchmark",
    "check_dataset",
    "check_model",
    "check_protocol",
    "check_scores",
    "draw",
    "truth_as_prediction",
    "write_label_maps",
    "write_object_tree",
]
