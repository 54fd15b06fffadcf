"""The functions of ``import vosbench``: every option is a typed keyword, and paths may be strings.

Each makes a query of its options and calls the room that does the work.
"""
