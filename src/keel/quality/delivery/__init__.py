"""How changes reach their users."""
