"""The project as a repository: set up, checked, brought up to date."""
