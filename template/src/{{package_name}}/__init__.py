"""The ML of this project. What carries it stands in `chassis`."""
