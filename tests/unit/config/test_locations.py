from pathlib import Path

import pytest

from blynk_gateway.config.locations import find_config, find_data_dir
from blynk_gateway.config.options import Options


def test_named_file_goes_before_the_environment() -> None:
    named = Path("mine.yaml")
    assert find_config(named, {"BLYNK_GATEWAY_CONFIG": "other.yaml"}) == named


def test_environment_goes_before_the_default_file(tmp_path: Path) -> None:
    default = tmp_path / "gateway.yaml"
    default.touch()
    environ = {"BLYNK_GATEWAY_CONFIG": "other.yaml"}
    assert find_config(None, environ, default) == Path("other.yaml")
    assert find_config(None, {"BLYNK_GATEWAY_CONFIG": ""}, default) == default


def test_missing_default_file_is_no_file(tmp_path: Path) -> None:
    assert find_config(None, {}, tmp_path / "gateway.yaml") is None


def test_default_file_that_cannot_be_looked_at_is_not_taken_for_missing(tmp_path: Path) -> None:
    hidden = tmp_path / ("x" * 300)
    assert find_config(None, {}, hidden) == hidden


@pytest.mark.parametrize(
    ("argument", "option", "state", "expected"),
    [
        ("/arg", "/option", "/state", "/arg"),
        (None, "/option", "/state", "/option"),
        (None, None, "/state", "/state"),
        (None, None, "/state:/more", "/state"),
    ],
)
def test_data_directory_is_the_first_that_is_named(
    argument: str | None, option: str | None, state: str, expected: str
) -> None:
    options = Options(data_dir=Path(option) if option else None)
    chosen = find_data_dir(
        Path(argument) if argument else None, options, {"STATE_DIRECTORY": state}
    )
    assert chosen == Path(expected)


def test_data_directory_is_the_users_when_none_is_named() -> None:
    assert find_data_dir(None, Options(), {}) == Path.home() / ".local/share/blynk-gateway"
