"""The section `automations`: rules, as options and as schema."""
