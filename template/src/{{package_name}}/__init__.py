"""The ML of this project; `project.py` describes it to Keel."""
