import sqlite3
import threading

import pytest

from blynk_gateway.cli.support_bundle.part import (
    MOST_BYTES,
    Collected,
    NotCollected,
    Part,
    as_json,
    collect_all,
)
from blynk_gateway.core.clock import SystemClock
from tests.helpers.patience import PATIENCE_S


def collected(
    *parts: Part, all_within_s: float = PATIENCE_S, each_within_s: float = PATIENCE_S
) -> list[Collected]:
    return list(
        collect_all(
            parts,
            lambda text: text.replace("secret", "***"),
            SystemClock(),
            all_within_s,
            each_within_s,
        )
    )  # fmt: skip


def failing(error: Exception) -> Part:
    def collect() -> str:
        raise error

    return Part("bad", "", collect)


GOOD = Part("good", "", lambda: "a secret\n")


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (NotCollected("no secret"), "no ***"),
        (PermissionError(13, "Permission denied", "/secret"), "/***: Permission denied"),
        (sqlite3.OperationalError("database is locked"), "database is locked"),
        (ValueError("secret"), "ValueError: ***"),
    ],
)
def test_part_that_fails_says_why_and_costs_only_itself(error: Exception, fault: str) -> None:
    bad, good = collected(failing(error), GOOD)
    assert (bad.text, bad.fault) == (None, fault)
    assert (good.text, good.fault) == ("a ***\n", "")


def test_part_that_hangs_is_left_behind() -> None:
    end = threading.Event()

    def hang() -> str:
        end.wait()
        return "late"

    try:
        bad, good = collected(Part("bad", "", hang), GOOD, each_within_s=0.05)
        assert bad.text is None
        assert bad.fault == "it took longer than 0.05 s"
        assert good.text == "a ***\n"
    finally:
        end.set()


def test_parts_whose_turn_never_comes_are_told() -> None:
    (one,) = collected(GOOD, all_within_s=0.0)
    assert (one.text, one.fault) == (None, "no time was left for it")


def test_long_part_keeps_its_end_and_no_half_line() -> None:
    lines = "".join(f"{n:07} °\n" for n in range(MOST_BYTES // 10))
    (one,) = collected(Part("long", "", lambda: lines))
    assert one.text is not None
    assert lines.endswith(one.text)
    assert one.text[0] == "0"
    assert MOST_BYTES - 20 < len(one.text.encode()) < MOST_BYTES
    assert one.fault == "only the last 600 kB of it"


def test_long_part_is_cut_between_lines_before_it_is_cleaned() -> None:
    # Seconds for each megabyte, which a part of four would not be given.
    given: list[str] = []
    part = Part("long", "", lambda: "secret\n" * (MOST_BYTES // 3))

    def clean(text: str) -> str:
        given.append(text)
        return "clean"

    (one,) = collect_all([part], clean, SystemClock())
    assert one.text == "clean"
    assert len(given[0]) <= MOST_BYTES
    assert set(given[0].splitlines()) == {"secret"}


def test_json_of_whatever_there_is() -> None:
    assert as_json({"a": {1, 2}}).startswith('{\n "a": "{1, 2}"\n}')
