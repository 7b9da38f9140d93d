import gc
import logging
import threading
import weakref
from collections.abc import Iterator

import pytest

from blynk_gateway.runtime import log_ring
from blynk_gateway.runtime.log_ring import MAX_RECORDS, MAX_TEXT, LogRing, current_ring


@pytest.fixture
def ring() -> LogRing:
    return LogRing()


@pytest.fixture
def log(ring: LogRing) -> Iterator[logging.Logger]:
    found = logging.Logger("blynk_gateway.test")  # noqa: LOG001  one for each test, with its ring
    found.addHandler(ring)
    yield found
    ring.close()


def texts(ring: LogRing, after: int = 0, level: int = 0, limit: int = MAX_RECORDS) -> list[str]:
    return [entry.message for entry in ring.entries(after, level, limit)]


def test_a_record_is_kept_with_its_values(ring: LogRing, log: logging.Logger) -> None:
    log.warning("login refused", extra={"peer": "10.0.0.1", "attempts": 3, "late": None})
    (entry,) = ring.entries()
    assert (entry.n, entry.level, entry.logger) == (1, "warning", "blynk_gateway.test")
    assert entry.message == "login refused"
    assert entry.fields == {"peer": "10.0.0.1", "attempts": 3, "late": None}
    assert entry.at_ms > 1_600_000_000_000


def test_one_asks_for_what_is_new_severe_and_little(ring: LogRing, log: logging.Logger) -> None:
    for level in (10, 20, 30, 40, 50):
        log.log(level, "at %d", level)
    assert texts(ring) == ["at 10", "at 20", "at 30", "at 40", "at 50"]
    assert texts(ring, after=2) == ["at 30", "at 40", "at 50"]
    assert texts(ring, level=logging.WARNING) == ["at 30", "at 40", "at 50"]
    assert texts(ring, level=logging.CRITICAL) == ["at 50"]
    assert texts(ring, limit=2) == ["at 40", "at 50"]
    assert texts(ring, after=5) == []
    assert ring.last == 5


def test_a_level_between_two_counts_as_the_lower_one(ring: LogRing, log: logging.Logger) -> None:
    log.log(35, "odd")
    log.log(1, "low")
    assert [entry.level for entry in ring.entries()] == ["warning", "debug"]


def test_the_oldest_go_when_there_are_too_many(ring: LogRing, log: logging.Logger) -> None:
    for number in range(MAX_RECORDS + 5):
        log.info("%d", number)
    kept = ring.entries()
    assert len(kept) == MAX_RECORDS
    assert (kept[0].message, kept[-1].n) == ("5", MAX_RECORDS + 5)


def test_the_oldest_go_when_they_are_too_long(
    ring: LogRing, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_ring, "MAX_CHARACTERS", 5000)
    for number in range(100):
        log.info("%d", number, extra={"text": "x" * 900})
    assert texts(ring) == ["95", "96", "97", "98", "99"]


def test_long_texts_and_many_values_are_cut(ring: LogRing, log: logging.Logger) -> None:
    values = {f"f{number}": number for number in range(100)}
    log.info("m" * 5000, extra={"text": "x" * 5000, **values})
    (entry,) = ring.entries()
    assert entry.message == "m" * MAX_TEXT + "…"
    assert entry.fields["text"] == "x" * MAX_TEXT + "…"
    assert len(entry.fields) == log_ring.MAX_FIELDS


def test_nothing_is_kept_alive(ring: LogRing, log: logging.Logger) -> None:
    class Large(Exception):
        pass

    def fail() -> "weakref.ref[Large]":
        error = Large("broken")
        try:
            raise error
        except Large:
            log.exception("failed", extra={"reason": error})
        return weakref.ref(error)

    kept = fail()
    gc.collect()
    assert kept() is None
    (entry,) = ring.entries()
    assert entry.fields["reason"] == "broken"
    assert str(entry.fields["traceback"]).startswith("Traceback (most recent call last)")
    assert str(entry.fields["traceback"]).endswith("Large: broken")


def test_a_record_that_cannot_be_told_raises_nothing(
    ring: LogRing, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)

    class Mute:
        def __str__(self) -> str:
            raise ValueError

    log.info("told", extra={"text": Mute()})
    assert (ring.entries(), ring.last) == ([], 0)


def test_threads_may_log_while_somebody_reads(ring: LogRing, log: logging.Logger) -> None:
    def write() -> None:
        for number in range(500):
            log.info("%d", number)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        numbers = [entry.n for entry in ring.entries()]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
    for thread in threads:
        thread.join()
    assert ring.last == 2000


def test_the_current_ring_is_the_root_loggers(ring: LogRing) -> None:
    assert current_ring().entries() == []
    root = logging.getLogger()
    root.addHandler(ring)
    try:
        assert current_ring() is ring
    finally:
        root.removeHandler(ring)
