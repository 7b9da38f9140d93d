"""The Pi's own pins: direct lines, peripherals, sensors."""
