"""A project made for a team's own table: what the table is, and the files that follow from it."""
