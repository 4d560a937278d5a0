"""How easily the team's code can be changed."""
