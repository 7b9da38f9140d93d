"""Points by stream, packed, and rollups: moved there from the segments."""
