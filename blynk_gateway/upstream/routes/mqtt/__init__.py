"""The device MQTT interface of a server above, and its gateway interface (blynk-protocol §11)."""
