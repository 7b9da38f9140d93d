"""Stands in for the client of Home Assistant's cloud: twenty packages for one name."""

remote = None
