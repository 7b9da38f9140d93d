"""Questions about the past, answered from rollups, chunks and segments."""
