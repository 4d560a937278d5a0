"""Tables as people have them: how a file is written, and what a cell of it says."""
