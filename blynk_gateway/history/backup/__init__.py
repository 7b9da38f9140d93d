"""Backups, snapshots, and the way back from a damaged file."""
