"""Forms in which the gateway tells what it knows: points of the past, and sketches of devices."""
