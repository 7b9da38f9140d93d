"""The connection to the broker: all that knows paho, sockets and threads."""
