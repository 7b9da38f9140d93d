"""What is driven: relays, dimmers, servos, motors."""
