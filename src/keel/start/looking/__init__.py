"""What a table is: its columns, what each is for, and what may ruin a project made of it."""
