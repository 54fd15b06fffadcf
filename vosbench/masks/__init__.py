"""Mask files: bytes to label maps and back (indices, never colours)."""
