"""Sequence to sequence (YouTube-VOS, ECCV 2018)."""
