"""What times are worth, and how they are put right."""
