"""Dashboards: what is on them, where, and those that make themselves. Knows no file and no page."""
