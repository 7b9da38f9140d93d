import json

import pytest

from blynk_gateway.automations.notifications.message import Message, restored

NOON_MS = 1_800_000_000_000


def _message(*, is_time_known: bool = True) -> Message:
    return Message(
        key="k",
        service="phone",
        rule="too-hot",
        title="Too hot",
        text="31 °C",
        recipient="a@example.org",
        at_ms=NOON_MS,
        is_time_known=is_time_known,
        born=500.0,
    )


def test_a_message_survives_the_disk_and_is_as_old_as_it_is() -> None:
    kept = json.loads(json.dumps(_message().as_json()))
    message = restored("k", kept, 1000.0, NOON_MS + 60_000)
    assert message is not None
    assert message.as_json() == _message().as_json()
    assert (message.key, message.born) == ("k", 940.0)
    message.done("sent", False)


@pytest.mark.parametrize(
    ("is_time_known", "now_ms"),
    [(False, NOON_MS + 60_000), (True, None), (True, NOON_MS - 60_000)],
)
def test_without_a_time_to_believe_it_is_as_good_as_new(
    is_time_known: bool, now_ms: int | None
) -> None:
    kept = _message(is_time_known=is_time_known).as_json()
    message = restored("k", kept, 1000.0, now_ms)
    assert message is not None
    assert message.born == 1000.0


@pytest.mark.parametrize("broken", [{}, {"service": 5}, {"text": None}])
def test_what_is_no_message_is_none(broken: dict[str, object]) -> None:
    kept = {} if not broken else _message().as_json() | broken
    assert restored("k", kept, 0.0, NOON_MS) is None
