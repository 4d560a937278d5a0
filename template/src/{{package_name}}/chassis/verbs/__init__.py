# Keel keeps this file up to date.
"""What `uv run poe` calls that is not a stage of the pipeline."""
