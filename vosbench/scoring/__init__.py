"""From predictions and ground truth to counts, and from counts to a run."""
