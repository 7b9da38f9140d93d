import sqlite3
from pathlib import Path

import pytest

from blynk_gateway.cli.support_bundle.known_secrets import private_texts_of, secrets_of, tokens_of
from blynk_gateway.config import load
from tests.component.history.system import System

FILE = """
devices: {board: {token: token-of-board}}
mqtt: {enabled: true, host: localhost, username: u, password: password-of-mqtt}
upstream:
  cloud: {server: example.org, devices: {board: {token: token-above, pins: [V1]}}}
notifications: {services: {phone: {url: "ntfy://token-of-ntfy"}}}
webhooks:
  chat:
    method: POST
    url: "https://example.org/services/word-in-path/{value}?key=short"
    headers: {Authorization: header-in-file, X-Other: literal-of-header}
    auth: null
"""


def test_every_secret_of_the_options_is_known(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(FILE)
    options = load(path, {})
    assert set(secrets_of(options)) == {
        "token-of-board",
        "password-of-mqtt",
        "token-above",
        "ntfy://token-of-ntfy",
        "header-in-file",
    }
    private = set(private_texts_of(options.webhooks))
    assert {"word-in-path", "literal-of-header"} < private
    assert "services" not in private


async def test_tokens_of_added_devices_and_of_the_gateway_are_known(tmp_path: Path) -> None:
    async with System(tmp_path / "data") as system:
        system.add("a")
        system.write("a", "V1", "1")
        added = system.registry.get("a").definition.token
    tokens = tokens_of(tmp_path / "data")
    assert added in tokens
    assert len(tokens) > 1


def test_no_database_has_no_tokens_and_a_broken_one_is_told(tmp_path: Path) -> None:
    assert tokens_of(tmp_path) == frozenset()
    (tmp_path / "gateway.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        tokens_of(tmp_path)
