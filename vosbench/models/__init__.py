"""The interface for models, the loop that runs them, and predictors without weights."""
