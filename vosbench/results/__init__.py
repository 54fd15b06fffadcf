"""A finished run: its tables, its files, its reader and its arithmetic."""
