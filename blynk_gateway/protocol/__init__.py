"""The Blynk device protocol, sans-IO: bytes in, events out, for both ends of a connection."""
