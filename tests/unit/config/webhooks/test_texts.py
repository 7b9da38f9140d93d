"""Texts with secrets as they are read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.webhooks.mixed import MixedText

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

SECRETS = "particle: hush-hush\nlong: correct horse {value}\nempty: ''\nuser: me\n"


@pytest.fixture
def secrets(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text(SECRETS)
    path.chmod(0o600)


def header(options: Options, name: str = "X") -> MixedText:
    return options.webhooks["a"].headers[name]


def text_of(value: str, name: str = "X") -> str:
    return f"webhooks: {{a: {{url: 'http://nas/', headers: {{{name}: {value}}}}}}}"


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(
    ("written", "shown", "whole"),
    [
        ('"Bearer !secret particle"', "Bearer !secret particle", "BEARER hush-hush"),
        ("!secret particle", "!secret particle", "hush-hush"),
        ('"!secret particle"', "!secret particle", "hush-hush"),
        (
            '"!secret user:!secret  particle/x"',
            "!secret user:!secret particle/x",
            "me:hush-hush/X",
        ),
        ('"!secret long {value}"', "!secret long {value}", "correct horse {value} {VALUE}"),
        ('"!secretive"', "!secretive", "!SECRETIVE"),
        ('""', "", ""),
    ],
)
def test_secrets_are_looked_up(options_of: OptionsOf, written: str, shown: str, whole: str) -> None:
    text = header(options_of(text_of(written)))
    assert str(text) == shown
    assert text.filled(str.upper) == whole


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ('"Bearer !secret partical"', 'found no secret "partical"'),
        ("!secret ''", "found !secret without a name"),
        ('"!secret empty"', "found nothing as !secret empty"),
        ("[a]", "found a list, expected a text of at most 4096 characters in one line"),
        ("{value}", 'found {value} without quotes, expected it in quotes: "{value}"'),
        ('"a\\nb"', "found control characters"),
        ('"a\\u2028b"', "found control characters"),
        ("!!binary aGk=", "found the tag"),
    ],
)
def test_faults(faults_of: FaultsOf, written: str, complaint: str) -> None:
    (fault,) = faults_of(text_of(written))
    assert complaint in fault
    assert "hush" not in fault


@pytest.mark.parametrize(
    ("name", "written", "shown"),
    [
        ("Authorization", "Bearer hush", "***"),
        ("X-API-Key", "hush", "***"),
        ("X-Token", '"{device_authToken}"', "{device_authToken}"),
        ("Accept", "text/plain", "text/plain"),
    ],
)
def test_what_should_be_a_secret_is_not_shown(
    options_of: OptionsOf, name: str, written: str, shown: str
) -> None:
    assert str(header(options_of(text_of(written, name)), name)) == shown


def test_too_long_a_text_and_too_many(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(text_of("x" * 4097))
    assert "found 4097 characters" in fault
    headers = ", ".join(f"h{number}: x" for number in range(101))
    (fault,) = faults_of(f"webhooks: {{a: {{url: 'http://nas/', headers: {{{headers}}}}}}}")
    assert "found 101 entries, expected at most 100" in fault
