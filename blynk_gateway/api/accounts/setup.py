"""The link that the first user is made with: shown once at a start, good until there is a user."""

import hmac

from blynk_gateway.api.accounts.digests import digest_of, new_secret


class Setup:
    """Knows the digest of this start's link; without a link nothing is right."""

    def __init__(self) -> None:
        self._digest: str | None = None

    def begin(self) -> str:
        """The token of a new link, which this alone tells; an earlier one is void."""
        token = new_secret()
        self._digest = digest_of(token)
        return token

    def is_right(self, token: str) -> bool:
        """Whether this is the token of the link."""
        return self._digest is not None and hmac.compare_digest(self._digest, digest_of(token))

    def end(self) -> None:
        """Make the link void: it has been used."""
        self._digest = None
