"""Layers that several families share, and counting of what they cost."""
