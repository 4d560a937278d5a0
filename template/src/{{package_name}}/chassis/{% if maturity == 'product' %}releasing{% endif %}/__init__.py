# Keel keeps this file up to date.
"""Versions of code, data and model together, and where each of them runs."""
