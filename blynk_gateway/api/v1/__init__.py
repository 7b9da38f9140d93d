"""`/api/v1`: JSON for people and tools."""
