"""The page of quality, and where it goes: it reads each part once, and writes once."""
