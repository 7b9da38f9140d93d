"""The composition root: the one place that knows all parts."""

from blynk_gateway.gateway.gateway import CONTROL_SOCKET, Gateway

__all__ = ["CONTROL_SOCKET", "Gateway"]
