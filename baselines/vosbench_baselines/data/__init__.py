"""Clips to train on: the configuration of a run, folders and files, and how clips are drawn from them."""
