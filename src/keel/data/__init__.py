"""Tables: where they come from, what is wrong with them, how they are kept, what was known when."""
