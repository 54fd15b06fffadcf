"""Protocols as data: specifications, the verbs they name, and their signatures."""
