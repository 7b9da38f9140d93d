"""Copies everything that is published to a time-series engine elsewhere."""

from blynk_gateway.mirror.mirror import Mirror

__all__ = ["Mirror"]
