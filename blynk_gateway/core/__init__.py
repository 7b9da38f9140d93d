"""The domain: pins, devices, changes and their one ordered stream. No I/O, no threads."""
