"""Can we keep changing it: code, tests, packages, debt, decisions, people, quality attributes."""
