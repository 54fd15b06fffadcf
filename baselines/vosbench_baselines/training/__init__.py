"""Training of any family: the loop, ``vosbench-train``, ``vosbench-tables``, and tests on a hold-out."""
