"""vosbench."""
