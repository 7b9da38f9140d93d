"""`doctor`: checks of configuration, system and pins, each with what to do about its faults."""
