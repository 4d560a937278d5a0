"""Quality that everyone can see, and that stops the line."""
