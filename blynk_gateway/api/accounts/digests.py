"""What is kept of a secret that is long and random: its SHA-256, which nobody can turn back."""

import hashlib
import secrets


def digest_of(secret: str) -> str:
    """The SHA-256 of a token or a cookie's secret as hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def new_secret() -> str:
    """A new secret of 256 bits, fit for URLs and cookies."""
    return secrets.token_urlsafe(32)
