"""Versions of code, data and model together, and the environments they run in."""
