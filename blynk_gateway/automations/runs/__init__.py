"""Runs of rules: their actions one after the other, waits in between, and what became of them."""
