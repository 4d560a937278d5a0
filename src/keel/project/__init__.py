"""What a project says of itself: its description, settings and names; what a person can mend."""
