import pytest

from blynk_gateway.config.automations.texts import (
    DESCRIPTION,
    DEVICE_OR_ANY,
    MAX_MESSAGE_LENGTH,
    MAX_PAYLOAD_BYTES,
    MESSAGE,
    PAYLOAD,
    TITLE,
)
from blynk_gateway.config.kinds import Scalar


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (MESSAGE, "two\nlines"),
        (MESSAGE, "x" * MAX_MESSAGE_LENGTH),
        (TITLE, ""),
        (PAYLOAD, ""),
        (PAYLOAD, '{"a":\n1}'),
        (DESCRIPTION, ""),
        (DESCRIPTION, "ä" * 300),
    ],
)
def test_text_is_taken_as_it_is(kind: Scalar[str], text: str) -> None:
    assert kind.parse(text) == text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (MESSAGE, ""),
        (MESSAGE, " \n"),
        (MESSAGE, "x" * (MAX_MESSAGE_LENGTH + 1)),
        (MESSAGE, "a\0b"),
        (MESSAGE, "\ud800"),
        (TITLE, "two\nlines"),
        (TITLE, "x" * 257),
        (PAYLOAD, "ä" * (MAX_PAYLOAD_BYTES // 2 + 1)),
        (PAYLOAD, "\udcff"),
        (DESCRIPTION, "x" * 301),
        (DEVICE_OR_ANY, "Not a slug"),
        (DEVICE_OR_ANY, ""),
    ],
)
def test_text_that_cannot_be_sent_or_kept_is_refused(kind: Scalar[str], text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        kind.parse(text)


def test_any_device_has_an_empty_slug() -> None:
    assert DEVICE_OR_ANY.parse("any") == ""
    assert DEVICE_OR_ANY.flow("") == "any"
    assert DEVICE_OR_ANY.flow(DEVICE_OR_ANY.parse("shed")) == "shed"
