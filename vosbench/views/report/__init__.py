"""The report: one HTML file to read runs by, with everything in it."""
