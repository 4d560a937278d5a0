# Keel keeps this file up to date.
"""Quality that everyone can see, and that stops the line."""
