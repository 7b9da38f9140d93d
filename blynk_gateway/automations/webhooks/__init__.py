"""Requests to other servers: made of options and a cause, sent one by one, tried again."""
