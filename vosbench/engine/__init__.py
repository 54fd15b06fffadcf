"""The engine: plan, read, count. Rows come out, never images."""
