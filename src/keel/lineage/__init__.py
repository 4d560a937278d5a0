"""What was made from what: events of the stages, and the way back to the raw rows."""
