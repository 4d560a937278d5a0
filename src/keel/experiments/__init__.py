"""What was tried: run beside the files that a person works on, compared, and shown."""
