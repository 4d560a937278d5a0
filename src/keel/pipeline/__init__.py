"""The stages, one module each: they read, call the floors below, and write."""
