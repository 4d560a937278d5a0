"""What goes into a model, what comes out of it, and what it was made from."""
