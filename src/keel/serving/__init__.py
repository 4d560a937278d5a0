"""The model over HTTP."""
