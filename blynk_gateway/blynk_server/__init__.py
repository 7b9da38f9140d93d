"""Devices on the network: listeners, the sniffing of protocols, one connection per device.

Knows the core and the wire protocol; HTTP is handed to a protocol factory that it does not know.
"""

from blynk_gateway.blynk_server.server import BlynkServer

__all__ = ["BlynkServer"]
