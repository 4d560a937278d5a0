"""From the rows that a client sends to the examples that they make."""
