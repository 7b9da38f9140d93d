"""Telling people: services, their queues, and the processes that send."""
