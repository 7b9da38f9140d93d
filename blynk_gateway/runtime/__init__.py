"""What every daemon needs around its core: tasks, logs, health, the service manager, time zone."""
