"""What the gateway tells of itself at the broker, and what it may be asked there."""
