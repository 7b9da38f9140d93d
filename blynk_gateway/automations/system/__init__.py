"""What the gateway writes into the event timelines by itself: devices, faults, power, starts."""
