"""What the broker is told: values, properties, states, events, availability."""
