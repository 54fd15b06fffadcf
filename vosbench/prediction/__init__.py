"""The machinery between a dataset and a model; ``vosbench.predict`` is the way in."""
