"""Servers above this gateway: each mapped device is a device there too."""
