"""When rules run by the time: clock times, cron, sun, and windows of time."""
