# Keel keeps this file up to date.
"""What became of the predictions, and where they came from."""
