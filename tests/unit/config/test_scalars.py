from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.config.fault import Rejected, Report
from blynk_gateway.config.options import Address
from blynk_gateway.config.scalars import (
    BOOLEAN,
    HOST,
    MAX_DURATION_MS,
    MAX_SIZE_BYTES,
    NUMBER,
    PHYSICAL_PIN,
    PIN_ADDRESS,
    SLUG,
    VIRTUAL_PIN,
    FilePath,
    duration_or,
    format_duration,
    format_size,
    number_from,
    parse_duration,
    parse_listen_address,
    parse_size,
    parse_text,
    size_or,
    whole_number,
)
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.address import PinAddress


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20ms", 20),
        ("5s", 5000),
        ("1.5s", 1500),
        ("30m", 1_800_000),
        ("12h", 43_200_000),
        ("30d", 2_592_000_000),
        ("1y", 31_536_000_000),
        ("0s", 0),
    ],
)
def test_duration_is_read_in_milliseconds(text: str, expected: int) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "5", "s", "-5s", "5 s", "5S", "1h30m", "0.5ms", "1e3s", "٣s", "1001y", "9" * 99]
)
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_duration(text)


@given(st.integers(0, MAX_DURATION_MS))
def test_every_duration_is_read_as_it_is_shown(duration_ms: int) -> None:
    assert parse_duration(format_duration(duration_ms)) == duration_ms


@pytest.mark.parametrize(
    ("text", "expected", "shown"),
    [
        ("50MB", 50_000_000, "50MB"),
        ("8GB", 8_000_000_000, "8GB"),
        ("1.5TB", 1_500_000_000_000, "1.5TB"),
        ("1500GB", 1_500_000_000_000, "1.5TB"),
        ("0.5GB", 500_000_000, "500MB"),
        ("0MB", 0, "0MB"),
        ("0.000001MB", 1, "0.000001MB"),
    ],
)
def test_size_is_read_in_bytes(text: str, expected: int, shown: str) -> None:
    assert parse_size(text) == expected
    assert format_size(expected) == shown


@pytest.mark.parametrize(
    "text",
    ["", "5", "MB", "-5MB", "5 MB", "5mb", "5GiB", "5KB", "0.0000001MB", "٣GB", "1001TB", "9" * 99],
)
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_size(text)


@given(st.integers(0, MAX_SIZE_BYTES))
def test_every_size_is_read_as_it_is_shown(size_bytes: int) -> None:
    assert parse_size(format_size(size_bytes)) == size_bytes


def test_duration_is_shown_in_its_largest_unit() -> None:
    shown = [format_duration(ms) for ms in (0, 1500, 60_000, 90_000)]
    assert shown == ["0s", "1500ms", "1m", "90s"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0.0.0:8080", Address("0.0.0.0", 8080)),  # noqa: S104
        ("[::]:80", Address("::", 80)),
        ("[0:0::1]:80", Address("::1", 80)),
        ("[fe80::1%eth0]:80", Address("fe80::1%eth0", 80)),
        ("shed.local:0", Address("shed.local", 0)),
    ],
)
def test_listen_address_is_host_and_port(text: str, expected: Address) -> None:
    assert parse_listen_address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8080",
        ":8080",
        "::1:80",
        "[::1]",
        "[]:80",
        "1.2.3:80",
        "1.2.3.456:80",
        "host:65536",
        "host:-1",
        "a b:80",
        "-a:80",
        "host:٣",
    ],
)
def test_other_listen_addresses_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_listen_address(text)


@pytest.mark.parametrize("text", ["", "x" * 257, "a\nb", "\0", "\u2028", "\ud800"])
def test_text_that_is_no_line_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_text(text)


@pytest.mark.parametrize(
    ("parse", "good", "bad"),
    [
        (BOOLEAN.parse, {"true": True, "On": True, "no": False, "OFF": False}, ["1", "y", ""]),
        (NUMBER.parse, {"-40": -40.0, "1e3": 1000.0, ".5": 0.5}, ["nan", "inf", "1_0", "٣", ""]),
        (SLUG.parse, {"a": "a", "0-x": "0-x"}, ["", "-a", "A", "a_b", "x" * 33, "a\n"]),
        (VIRTUAL_PIN.parse, {"v05": "V5", "V255": "V255"}, ["V256", "D1", "A0", "5", ""]),
        (PIN_ADDRESS.parse, {"Pi/d1": PinAddress("pi", "D1")}, ["V5", "pi/", "/V5", "pi/V5/1"]),
        (whole_number(0, 9).parse, {"007": 7, "+9": 9}, ["10", "-1", "1.0", "0x1", "9" * 5000]),
        (PHYSICAL_PIN.parse, {"d08": "D8", "A255": "A255"}, ["V1", "D256", "8", ""]),
        (
            HOST.parse,
            {
                "router.lan": "router.lan",
                "10.0.0.1": "10.0.0.1",
                "::1": "::1",
                "FE80::1": "fe80::1",
            },
            ["-f", "a b", "1.2.3", "256.0.0.1", "[::1]", ""],
        ),
        (number_from(0, 1.5).parse, {"0": 0.0, "1.5": 1.5}, ["-0.1", "1.6", "nan", "x", ""]),
        (duration_or("never", 1000, 5000).parse, {"never": None, "5s": 5000}, ["5001ms"]),
        (duration_or("never", 1000).parse, {"never": None, "1s": 1000}, ["999ms", "Never", "1"]),
        (size_or("any", 10**7).parse, {"any": None, "10MB": 10**7}, ["9.9MB", "Any", "1"]),
    ],
)
def test_scalar_takes_good_texts_only(
    parse: Callable[[str], object], good: dict[str, object], bad: list[str]
) -> None:
    assert {text: parse(text) for text in good} == good
    for text in bad:
        with pytest.raises(ValueError, match=r".*"):
            parse(text)


def path_of(text: str, directory: Path, *, must_exist: bool = False) -> Path:
    node = yaml.ScalarNode("tag:yaml.org,2002:str", text, yaml.Mark("", 0, 0, 0, None, 0))
    scope = Scope(directory / "gateway.yaml", Report(), {})
    return FilePath(must_exist).read(node, "key", scope)


def test_relative_path_starts_from_the_directory_of_the_file(tmp_path: Path) -> None:
    assert path_of("sub/key.pem", tmp_path) == tmp_path / "sub/key.pem"
    assert path_of("/etc/key.pem", tmp_path) == Path("/etc/key.pem")
    assert path_of("~/key.pem", tmp_path) == Path.home() / "key.pem"


def test_path_is_absolute_even_if_the_file_was_named_relatively() -> None:
    assert path_of("key.pem", Path("sub")) == Path.cwd() / "sub/key.pem"


@pytest.mark.parametrize("text", ["", "a\0b", "~no-such-user-here/x", "x" * 5000])
def test_text_that_is_no_path_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Rejected):
        path_of(text, tmp_path)


def test_file_that_must_exist_is_a_regular_one(tmp_path: Path) -> None:
    (tmp_path / "key.pem").touch()
    assert path_of("key.pem", tmp_path, must_exist=True) == tmp_path / "key.pem"
    for text in ("missing.pem", "."):
        with pytest.raises(Rejected):
            path_of(text, tmp_path, must_exist=True)
