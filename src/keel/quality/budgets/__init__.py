"""Service objectives: how much may go wrong, how much of that is left, and when work stops."""
