"""Reference models for vosbench, in PyTorch. The benchmark itself never imports this package."""

__version__ = "0.1.0"
