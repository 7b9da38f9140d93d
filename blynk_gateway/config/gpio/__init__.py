"""What `gpio:` may say: options of each kind of peripheral, their schema and their conflicts."""
