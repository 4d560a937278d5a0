"""What checks are worth: the ML Test Score, and whether the tests notice mistakes."""
