import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from blynk_gateway.errors import HistoryError
from blynk_gateway.runtime.journal_log import JournalHandler, goes_to_journal, priority
from blynk_gateway.runtime.logs import LineFormatter
from tests.helpers.patience import PATIENCE_S

log = logging.Logger("blynk_gateway.test")  # noqa: LOG001  with no handler but the test's


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "socket"))
        receiver.settimeout(PATIENCE_S)
        yield receiver


@pytest.fixture
def handler(tmp_path: Path) -> Iterator[JournalHandler]:
    handler = JournalHandler(tmp_path / "socket")
    handler.setFormatter(LineFormatter())
    log.handlers[:] = [handler]
    yield handler
    handler.close()


def received(journal: socket.socket) -> dict[str, str]:
    """The fields of a record, read as journald reads them."""
    return parsed(journal.recv(200_000))


def parsed(datagram: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    while datagram:
        line, _, datagram = datagram.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(datagram[:8], "little")
            value, datagram = datagram[8 : 8 + size], datagram[8 + size :]
            assert datagram[:1] == b"\n"
            datagram = datagram[1:]
        assert name.decode() not in found
        found[name.decode()] = value.decode()
    return found


@pytest.mark.usefixtures("handler")
def test_a_record_has_its_line_and_a_field_for_each_value(journal: socket.socket) -> None:
    log.warning("login refused", extra={"device": "shed", "pin": "V5", "peer": "10.0.0.1:7"})
    found = received(journal)
    assert int(found.pop("CODE_LINE")) > 0
    assert found == {
        "MESSAGE": "login refused device=shed pin=V5 peer=10.0.0.1:7",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "blynk-gateway",
        "LOGGER": "blynk_gateway.test",
        "CODE_FILE": __file__,
        "CODE_FUNC": "test_a_record_has_its_line_and_a_field_for_each_value",
        "DEVICE": "shed",
        "PIN": "V5",
        "PEER": "10.0.0.1:7",
    }


@pytest.mark.usefixtures("handler")
def test_the_address_of_a_pin_is_found_by_its_device_and_by_its_pin(journal: socket.socket) -> None:
    log.info("refused", extra={"pin": "shed/V5"})
    found = received(journal)
    assert (found["DEVICE"], found["PIN"]) == ("shed", "V5")
    assert found["MESSAGE"] == "refused pin=shed/V5"
    log.info("refused", extra={"device": "pi", "pin": "shed/V5"})
    found = received(journal)
    assert (found["DEVICE"], found["PIN"]) == ("pi", "V5")


@pytest.mark.usefixtures("handler")
def test_no_value_forges_a_field_or_a_record(journal: socket.socket) -> None:
    log.info("odd", extra={"text": "a\nPRIORITY=0\nMESSAGE=forged", "broken": "\udcff"})
    found = received(journal)
    assert found["TEXT"] == "a\nPRIORITY=0\nMESSAGE=forged"
    assert found["PRIORITY"] == "6"
    assert found["MESSAGE"].startswith("odd text=")
    assert "\n" not in found["MESSAGE"]
    assert found["BROKEN"] == "?"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("limit_s", "LIMIT_S"),
        ("Ünit-2", "NIT_2"),
        ("_hidden", "HIDDEN"),
        ("2nd", "ND"),
        ("x" * 100, "X" * 60),
        ("message_id", "GATEWAY_MESSAGE_ID"),
        ("priority", "GATEWAY_PRIORITY"),
        ("syslog_identifier", "GATEWAY_SYSLOG_IDENTIFIER"),
        ("unit", "GATEWAY_UNIT"),
        ("code", "CODE"),
    ],
)
@pytest.mark.usefixtures("handler")
def test_each_name_is_one_that_the_journal_takes_and_that_means_nothing_else(
    journal: socket.socket, key: str, name: str
) -> None:
    log.info("named", extra={key: "value"})
    assert received(journal)[name] == "value"


@pytest.mark.usefixtures("handler")
def test_a_name_that_nothing_can_be_made_of_is_left_out(journal: socket.socket) -> None:
    log.info("unnamed", extra={"__": 1, "β": 2})
    assert received(journal)["MESSAGE"] == "unnamed __=1 β=2"


@pytest.mark.usefixtures("handler")
def test_a_traceback_is_a_part_of_the_message(journal: socket.socket) -> None:
    try:
        int("broken")
    except ValueError:
        log.exception("task failed", extra={"task": "mqtt"})
    message = received(journal)["MESSAGE"].splitlines()
    assert message[0] == "task failed task=mqtt"
    assert message[1] == "Traceback (most recent call last):"
    assert message[-1].startswith("ValueError: ")


@pytest.mark.usefixtures("handler")
def test_an_error_of_ours_is_found_by_its_code(journal: socket.socket) -> None:
    log.error("start failed", extra={"reason": HistoryError("no room")})
    assert received(journal)["CODE"] == HistoryError.code
    try:
        raise_error()
    except HistoryError:
        log.exception("task failed")
    assert received(journal)["CODE"] == HistoryError.code


def raise_error() -> None:
    raise HistoryError("no room")


@pytest.mark.usefixtures("handler")
def test_a_record_of_any_size_fits_into_a_datagram(journal: socket.socket) -> None:
    log.info("x" * 1_000_000, extra={f"field{number}": "ä" * 1_000_000 for number in range(100)})
    found = received(journal)
    assert found["MESSAGE"].startswith("xxx")
    assert found["FIELD0"].startswith("äää")


@pytest.mark.usefixtures("handler")
def test_a_journal_that_does_not_read_holds_up_nobody_and_hears_what_it_missed(
    journal: socket.socket,
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                other.sendto(b"MESSAGE=other\n", journal.getsockname())
    for number in range(3):
        log.error("unheard", extra={"number": number})
    while True:
        journal.setblocking(False)
        try:
            journal.recv(1000)
        except BlockingIOError:
            break
    log.info("heard")
    told = received(journal)
    assert told["MESSAGE"] == "log lines lost, as the journal did not read count=3"
    assert (told["COUNT"], told["PRIORITY"]) == ("3", "4")
    assert received(journal)["MESSAGE"] == "heard"
    log.info("heard too")
    assert received(journal)["MESSAGE"] == "heard too"


def test_a_record_that_cannot_be_formatted_ends_nothing(
    journal: socket.socket, handler: JournalHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[logging.LogRecord] = []
    monkeypatch.setattr(handler, "handleError", broken.append)
    handler.handle(logging.makeLogRecord({"msg": "%d", "args": ("one",)}))
    assert len(broken) == 1
    log.info("next")
    assert received(journal)["MESSAGE"] == "next"


@pytest.mark.parametrize(
    ("level", "number"),
    [
        (logging.CRITICAL, 2),
        (logging.ERROR, 3),
        (logging.WARNING, 4),
        (logging.INFO, 6),
        (logging.DEBUG, 7),
        (logging.INFO + 1, 6),
    ],
)
def test_each_level_has_a_priority(level: int, number: int) -> None:
    assert priority(level) == number


def test_standard_error_is_the_journals_if_it_is_the_one_that_the_variable_names(
    journal: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(journal.getsockname())
    reading, writing = os.pipe()
    stat = os.fstat(writing)
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    assert not goes_to_journal(writing, path)
    monkeypatch.setenv("JOURNAL_STREAM", f"{stat.st_dev}:{stat.st_ino}")
    assert goes_to_journal(writing, path)
    assert not goes_to_journal(writing, tmp_path / "none")
    monkeypatch.setenv("JOURNAL_STREAM", f"{stat.st_dev}:{stat.st_ino + 1}")
    assert not goes_to_journal(writing, path)
    for descriptor in (reading, writing):
        os.close(descriptor)
    assert not goes_to_journal(writing, path)
