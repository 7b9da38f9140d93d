import json
import logging
from collections.abc import Iterator

import pytest

from blynk_gateway.runtime.log_level import set_level
from blynk_gateway.runtime.log_ring import LogRing
from blynk_gateway.runtime.logs import (
    JsonFormatter,
    PriorityFormatter,
    Repeats,
    TextFormatter,
    masked,
    safe,
    set_up,
)
from tests.helpers.clock import FakeClock


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    aiohttp = logging.getLogger("aiohttp.server")
    before = (root.handlers[:], root.level, aiohttp.level)
    yield root
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    aiohttp.setLevel(before[2])


def record(level: int = logging.WARNING, **extra: object) -> logging.LogRecord:
    return logging.getLogger("blynk_gateway.test").makeRecord(
        "blynk_gateway.test", level, "file.py", 1, "device logged in", (), None, extra=extra
    )


def crash() -> logging.LogRecord:
    found = record(logging.ERROR)
    error = ValueError("broken")
    found.exc_info = (type(error), error, None)
    return found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("21 °C", "21 °C"),
        ("a\r\nb", "a\ufffd\ufffdb"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("\x9b31m", "\ufffd31m"),
        ("\u202ereversed", "\ufffdreversed"),
        ("\udcff\ud800", "\ufffd\ufffd"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 80 + "…"),
    ],
)
def test_text_of_a_peer_becomes_one_short_printable_line(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_the_length_of_peer_text_can_be_chosen() -> None:
    assert safe("abcdef", limit=3) == "abc…"


def test_of_a_token_four_characters_are_shown() -> None:
    assert masked("4ae3851817194e2596cf1b7103603ef8") == "4ae3…"
    assert masked("\x1b[2J" + "x" * 28) == "\ufffd[2J…"


def test_a_repeated_line_is_held_back_and_counted() -> None:
    clock = FakeClock()
    repeats = Repeats(clock, period_s=60)
    assert repeats.allow("refused") == 0
    clock.advance(59)
    assert [repeats.allow("refused") for _ in range(3)] == [None, None, None]
    clock.advance(1)
    assert repeats.allow("refused") == 3
    assert repeats.allow("refused") is None


def test_lines_of_different_kinds_do_not_hold_each_other_back() -> None:
    repeats = Repeats(FakeClock())
    assert [repeats.allow(key) for key in ("a", ("a", 1), "b")] == [0, 0, 0]


def test_many_kinds_of_lines_take_bounded_memory() -> None:
    repeats = Repeats(FakeClock())
    for number in range(3 * Repeats.MAX_KEYS):
        repeats.allow(number)
    assert len(repeats._seen) <= Repeats.MAX_KEYS


def test_on_a_terminal_a_line_has_time_level_and_fields() -> None:
    line = TextFormatter().format(record(device="shed", count=3))
    assert line[8:] == " WARNING device logged in device=shed count=3"
    assert line[2] == line[5] == ":"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("shed", "shed"),
        ("", '""'),
        ("two words", '"two words"'),
        ('a"b', '"a\\"b"'),
        ("a=b", '"a=b"'),
        ("a\nb", '"a\\nb"'),
        ("°C", "°C"),
        (None, "None"),
        (ValueError("no pin"), '"no pin"'),
    ],
)
def test_a_value_that_could_be_misread_is_quoted(value: object, shown: str) -> None:
    assert TextFormatter().format(record(found=value)).endswith(f" found={shown}")


@pytest.mark.parametrize(
    ("level", "priority"),
    [
        (logging.DEBUG, 7),
        (logging.INFO, 6),
        (logging.WARNING, 4),
        (logging.ERROR, 3),
        (logging.CRITICAL, 2),
    ],
)
def test_in_the_journal_a_line_begins_with_its_priority(level: int, priority: int) -> None:
    line = PriorityFormatter().format(record(level, device="shed"))
    assert line == f"<{priority}>device logged in device=shed"


def test_in_the_journal_every_line_of_a_traceback_has_the_priority() -> None:
    lines = PriorityFormatter().format(crash()).splitlines()
    assert lines[-1] == "<3>ValueError: broken"
    assert len(lines) == 2
    assert all(line.startswith("<3>") for line in lines)


def test_on_a_terminal_a_traceback_follows_the_line() -> None:
    lines = TextFormatter().format(crash()).splitlines()
    assert lines[0].endswith("ERROR   device logged in")
    assert lines[-1] == "ValueError: broken"


def test_as_json_a_line_is_one_object() -> None:
    found = record(device="shed", count=3, ratio=0.5, ok=True, cause=None, reason=ValueError("x"))
    line = JsonFormatter().format(found)
    assert "\n" not in line
    assert json.loads(line) == {
        "time_ms": int(found.created * 1000),
        "level": "warning",
        "logger": "blynk_gateway.test",
        "message": "device logged in",
        "device": "shed",
        "count": 3,
        "ratio": 0.5,
        "ok": True,
        "cause": None,
        "reason": "x",
    }


def test_as_json_a_traceback_is_a_field() -> None:
    entry = json.loads(JsonFormatter().format(crash()))
    assert entry["traceback"].splitlines()[-1] == "ValueError: broken"


@pytest.mark.parametrize(
    ("form", "stream", "formatter"),
    [
        ("auto", "8:1234", PriorityFormatter),
        ("auto", "", TextFormatter),
        ("text", "8:1234", TextFormatter),
        ("json", "8:1234", JsonFormatter),
    ],
)
def test_the_form_of_the_log_fits_where_it_goes(
    root: logging.Logger,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    stream: str,
    formatter: type[logging.Formatter],
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", stream)
    set_up("info", form)
    handler, ring = root.handlers
    assert isinstance(ring, LogRing)
    assert type(handler.formatter) is formatter


def test_lines_go_to_standard_error_from_the_level_up(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("warning", "text")
    log = logging.getLogger("blynk_gateway.test")
    log.info("not shown")
    log.warning("shown", extra={"device": "shed"})
    set_level("info")
    log.info("shown now")
    found = capsys.readouterr()
    assert found.out == ""
    assert [line[17:] for line in found.err.splitlines()] == ["shown device=shed", "shown now"]


def test_less_may_go_to_standard_error_than_is_kept(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("info", "text", shown="warning")
    log = logging.getLogger("blynk_gateway.test")
    log.info("kept")
    log.warning("shown")
    assert [line[17:] for line in capsys.readouterr().err.splitlines()] == ["shown"]
    ring = root.handlers[1]
    assert isinstance(ring, LogRing)
    assert [one.message for one in ring.entries()] == ["kept", "shown"]


def test_a_peer_cannot_make_the_http_server_log_tracebacks(root: logging.Logger) -> None:
    set_up("debug")
    assert not logging.getLogger("aiohttp.server").isEnabledFor(logging.ERROR)
