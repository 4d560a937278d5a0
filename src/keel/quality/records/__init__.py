"""What people write down about quality, and what Git knows of a project."""
