"""What is read without a GPIO line: kernel drivers, the Pi itself, clock, network."""
