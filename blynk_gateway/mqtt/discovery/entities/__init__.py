"""What a device is to Home Assistant: pins, events and the gateway as entities. Pure."""
