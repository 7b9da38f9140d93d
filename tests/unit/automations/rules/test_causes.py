import pytest

from blynk_gateway.automations.rules import causes
from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange, StatusChange

DEVICE = Origin(OriginKind.DEVICE, "1")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (("30.5",), "30.5"),
        (("1", "2"), "1, 2"),
        ((), ""),
        (("x" * 81,), "x" * 79 + "…"),
        (("ä\udcff\n\x1b",), "ä" + "\N{REPLACEMENT CHARACTER}" * 3),
    ],
)
def test_a_value_is_shown_in_one_line(value: tuple[str, ...], text: str) -> None:
    assert causes.shown(value) == text


def test_a_cause_has_every_field_of_its_change_in_place() -> None:
    change = PinChange(9, "a", "V5", ("2",), ("1",), DEVICE, Intent.REPORT, 123, 8, 4)
    cause = causes.of_pin(change)
    assert cause._asdict() == {
        "text": "", "at_ms": 123, "device": "a", "pin": "V5", "value": ("2",),
        "previous": ("1",), "event": "", "seq": 9, "depth": 4,
    }  # fmt: skip


def test_a_device_is_a_cause_without_a_value() -> None:
    cause = causes.of_status(StatusChange(9, "a", True, (), DEVICE, 123), "a is online")
    assert (cause.text, cause.device, cause.seq, cause.value) == ("a is online", "a", 9, ())
