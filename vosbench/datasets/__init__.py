"""Datasets know a layout on disk and nothing about scoring."""
