"""Foreign topics bound to pins, and what keeps them from running in circles."""
