"""The device HTTPS interface of a server above (blynk-protocol §10.2 and §10.3)."""
