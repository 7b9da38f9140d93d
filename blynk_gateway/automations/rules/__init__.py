"""Rules and links: what starts them, what must hold, and who looks at which change."""
