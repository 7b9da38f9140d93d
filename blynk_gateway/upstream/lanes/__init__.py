"""What goes up and when: pure, with time handed over."""
