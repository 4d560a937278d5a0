# Keel keeps this file up to date.
"""The model behind HTTP, and what it says of itself."""
