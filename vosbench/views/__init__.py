"""Views turn finished tables into text, pictures and pages. They never read a mask to make a number."""
