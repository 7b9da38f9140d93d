"""Texts with secrets as options: shown by name, never by content."""

import pytest

from blynk_gateway.config.secret import Secret
from blynk_gateway.config.webhooks.mixed import MixedText, NamedSecret, is_sensitive, masked

TEXT = MixedText(("Bearer ", NamedSecret("particle", Secret("hush")), "{value}"))
PRIVATE = MixedText(("Bearer hush",), is_private=True)


def test_it_is_shown_as_it_is_written() -> None:
    assert str(TEXT) == "Bearer !secret particle{value}"
    assert TEXT.shown(str.upper) == "BEARER !secret particle{VALUE}"
    assert repr(TEXT) == "MixedText('Bearer !secret particle{value}')"
    assert TEXT.has_secrets


def test_only_what_is_no_secret_is_filled_in() -> None:
    assert TEXT.filled(str.upper) == "BEARER hush{VALUE}"
    assert list(TEXT.secrets) == ["hush"]


def test_a_private_one_is_not_shown_at_all() -> None:
    assert (str(PRIVATE), PRIVATE.shown(str)) == ("***", "***")
    assert "hush" not in repr(PRIVATE)
    assert PRIVATE.filled(str) == "Bearer hush"
    assert list(PRIVATE.secrets) == ["Bearer hush"]
    assert not PRIVATE.has_secrets


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Authorization", True),
        ("X-API-Key", True),
        ("apikey", True),
        ("access_token", True),
        ("key", True),
        ("Cookie", True),
        ("Content-Type", False),
        ("keyboard", False),
        ("args", False),
    ],
)
def test_names_that_tell_a_secret(name: str, expected: bool) -> None:
    assert is_sensitive(name) is expected


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://nas/?api_key=a&v=1#k", "http://nas/?api_key=***&v=1#k"),
        ("http://nas/?token=!secret t&key={value}", "http://nas/?token=!secret t&key={value}"),
        ("http://nas/key=a", "http://nas/key=a"),
    ],
)
def test_an_address_without_what_looks_like_a_secret(url: str, shown: str) -> None:
    assert masked(url) == shown
