"""What the gateway does by itself: rules, links, schedules, webhooks, notifications."""
