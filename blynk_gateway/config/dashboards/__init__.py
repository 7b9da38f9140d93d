"""Dashboards as texts: in the configuration file, as JSON of the API, and as YAML to carry over."""
