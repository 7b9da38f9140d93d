"""Pins and devices as they change, for every open dashboard: one reader of the bus for all."""
