"""The section `history.mirror`: what it takes, and that its complaints repeat no secret."""

from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options, as_yaml, effective
from blynk_gateway.config.options import DAY_MS, MirrorOptions
from blynk_gateway.config.secret import Secret

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

PREFIX = "gateway.yaml:1: history.mirror"


def test_a_server_and_its_password(options_of: OptionsOf, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse\n")
    text = "{url: postgresql://blynk@nas:5433/db, password_file: password, keep: 7d}"
    mirror = options_of(f"history: {{mirror: {text}}}").history.mirror
    assert mirror == MirrorOptions(
        "postgresql://blynk@nas:5433/db", Secret("correct horse"), keep_ms=7 * DAY_MS
    )
    assert mirror.is_postgres


def test_there_is_none_unless_it_is_given(options_of: OptionsOf) -> None:
    assert options_of("").history.mirror is None
    assert options_of("history: {mirror: null}").history.mirror is None


@pytest.mark.parametrize(
    "text",
    [
        "{url: 'postgres:///blynk?host=/run/postgresql'}",
        "{url: postgresql://nas/blynk}",
        "{url: 'http://nas:8086/write?db=blynk&precision=ns'}",
        "{url: 'http://me@nas:8086/write?db=blynk', password: secret}",
        "{url: 'https://[::1]:8086/api/v2/write?org=a&bucket=b', token: secret}",
    ],
)
def test_what_servers_need_is_taken(options_of: OptionsOf, text: str) -> None:
    mirror = options_of(f"history: {{mirror: {text}}}").history.mirror
    assert mirror is not None
    assert mirror.is_postgres == mirror.url.startswith("postgres")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{password: x}", ": found no url, expected one"),
        ("{url: nas/blynk}", ".url: found no scheme, expected a URL such as"),
        ("{url: 'mysql://nas/blynk'}", '.url: found the scheme "mysql", expected a URL such as'),
        ("{url: 'http://nas:port/write'}", ".url: found no valid host and port, expected a URL"),
        ("{url: 'http://[nas/write'}", ".url: found no valid host and port, expected a URL"),
        ("{url: 'http://nas:0/write'}", ".url: found port 0, expected a URL"),
        ("{url: 'http:///write'}", ".url: found no host, expected a URL"),
        ("{url: 'http://nas:8086'}", ".url: found no path, expected the one that takes points"),
        ("{url: 'http://nas/write#x'}", ".url: found a #, expected none"),
        ("{url: 'http://nas/write?precision=s'}", ".url: found another precision than ns"),
        ("{url: 'http://nas/wri te'}", ".url: found 17 characters that are no URL"),
        ("{url: 'http://näs/write'}", ".url: found 16 characters that are no URL"),
        ("{url: [a]}", ".url: found a list, expected a URL such as"),
        ("{url: 'postgresql://me:hidden@nas/db'}", ".url: found a password in the URL, expected"),
        ("{url: 'http://nas/write?u=me&p=hidden'}", '.url: found "p" in the URL, expected it in'),
        ("{url: 'postgresql://nas/d?password=hidden'}", '.url: found "password" in the URL'),
        (
            "{url: 'postgresql://nas/db', token: hidden}",
            ".token: found a token, expected a password: PostgreSQL knows no tokens",
        ),
        (
            "{url: 'http://me@nas/write', token: hidden}",
            ".token: found beside a user or password, expected only one of them",
        ),
        (
            "{url: 'http://nas/write', password: hidden}",
            ".password: found a password and no user in the URL, expected both or none",
        ),
        (
            "{url: 'http://me@nas/write'}",
            ".password: found a user and no password, expected both or none",
        ),
        (
            "{url: 'http://nas/write', token: \"hidden\\u0001\"}",
            ".token: found 7 characters that do not fit, expected 1 to 1024 characters in one line",
        ),
        ("{url: 'http://nas/write', keep: 1m}", '.keep: found "1m", expected a duration such'),
    ],
)
def test_faults_say_what_is_expected_and_no_secret(
    faults_of: FaultsOf, text: str, fault: str
) -> None:
    (found,) = faults_of(f"history: {{mirror: {text}}}")
    assert found.startswith(PREFIX + fault)
    assert "hidden" not in found


def test_a_file_without_a_password_in_it(faults_of: FaultsOf, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (found,) = faults_of("history: {mirror: {url: 'http://me@nas/write', password_file: empty}}")
    assert found.endswith("does not hold 1 to 1024 characters in one line")


def test_it_is_shown_without_secrets(options_of: OptionsOf) -> None:
    text = "history: {mirror: {url: 'http://me@nas/write?db=x', password: hidden}}"
    shown = as_yaml(effective(options_of(text)))
    assert "http://me@nas/write?db=x" in shown
    assert "hidden" not in shown
