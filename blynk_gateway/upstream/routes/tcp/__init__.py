"""A server above over the device protocol, spoken as the stock library does."""
