"""Files of weights: reading, writing, and those that the package ships."""
