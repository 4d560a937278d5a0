"""What changes in the raw tables over time: units, gaps, frozen or lost values, and clocks."""
