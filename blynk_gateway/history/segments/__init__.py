"""The journal's segments: from changes to rows, and back at a start."""
