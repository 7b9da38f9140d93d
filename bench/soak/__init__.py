"""The gateway for a long time under load and faults; `python -m bench.soak` runs it."""
