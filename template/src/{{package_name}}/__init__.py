"""The ML of this project, which `project.py` describes to Keel."""
