"""Ways to speak with a server above, one package each."""
