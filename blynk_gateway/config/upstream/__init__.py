"""The section `upstream:`: servers above this gateway."""
