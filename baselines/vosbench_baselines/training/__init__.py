"""Training of the reference models: clips, the loop, and the refinement paper's tables."""
