"""Tells Home Assistant, and whoever understands its discovery, of all devices and their pins."""
