"""What the broker asks for: pins set, values told again, and complaints about the rest."""
