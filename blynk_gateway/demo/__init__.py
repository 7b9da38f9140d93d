"""A small home to look at without any hardware: simulated devices that really connect."""

from blynk_gateway.demo.device import SimulatedDevice
from blynk_gateway.demo.home import DEMO_HOST, Home, demo_options, new_home

__all__ = ["DEMO_HOST", "Home", "SimulatedDevice", "demo_options", "new_home"]
