"""The section `notifications`: services that tell people, as options and as schema."""
