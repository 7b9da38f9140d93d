"""Blynk Gateway: a local Blynk server and no-code pin gateway for the Raspberry Pi."""

__version__ = "0.1.0"
