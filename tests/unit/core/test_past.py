import pytest

from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.past import MAX_AGE_MS, MAX_AHEAD_MS, is_recent, put_back
from tests.helpers.mqtt import Core

NOW_MS = 1_700_000_000_000
HTTP = Origin(OriginKind.HTTP, "shed")


@pytest.mark.parametrize(
    ("at_ms", "expected"),
    [
        (NOW_MS - MAX_AGE_MS, True),
        (NOW_MS - MAX_AGE_MS - 1, False),
        (NOW_MS + MAX_AHEAD_MS, True),
        (NOW_MS + MAX_AHEAD_MS + 1, False),
    ],
)
def test_a_month_back_and_minutes_ahead_are_taken(at_ms: int, expected: bool) -> None:
    assert is_recent(at_ms, NOW_MS) is expected


@pytest.mark.parametrize(("latest_ms", "expected"), [(NOW_MS - 1, "now"), (NOW_MS, "then")])
def test_the_newer_value_is_current_again_after_the_past(latest_ms: int, expected: str) -> None:
    core = Core()
    core.add("shed")
    core.store.write("shed", "V1", ("now",), HTTP, Intent.REPORT, NOW_MS)
    before = core.store.find("shed", "V1")
    core.store.write("shed", "V1", ("then",), HTTP, Intent.REPORT, latest_ms)

    put_back(core.store, "shed", "V1", before, latest_ms)

    assert core.store.get("shed", "V1")[1:3] == ((expected,), NOW_MS)


def test_a_pin_that_had_no_value_keeps_that_of_the_past() -> None:
    core = Core()
    core.add("shed")
    core.store.write("shed", "V1", ("then",), HTTP, Intent.REPORT, NOW_MS)

    put_back(core.store, "shed", "V1", None, NOW_MS)

    assert core.store.get("shed", "V1").value == ("then",)
