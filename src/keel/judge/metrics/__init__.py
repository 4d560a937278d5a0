"""What a prediction is scored by, for each task, and how scores scatter in resamples."""
