"""The vendor's device API over MQTT, so that firmware written for it works on the local broker."""
