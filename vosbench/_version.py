"""The version of the package, and of the arithmetic behind every number."""

__version__ = "0.1.0"

#: Bumped whenever a change can move a number; part of every signature.
ENGINE = 2
