import logging
from pathlib import Path

import pytest

from blynk_gateway.runtime.log_fields import fields, plain


def test_the_values_of_a_line_are_its_fields() -> None:
    record = logging.getLogger("a").makeRecord(
        "a", logging.INFO, "file.py", 1, "text", (), None, extra={"device": "shed", "id": 7}
    )
    assert fields(record) == {"device": "shed", "id": 7}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, True),
        (7, 7),
        (1.5, 1.5),
        (None, None),
        ("text", "text"),
        (Path("/a"), "/a"),
        (ValueError("broken"), "broken"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
    ],
)
def test_a_value_is_what_json_can_say(value: object, shown: object) -> None:
    assert plain(value) == shown
    assert type(plain(value)) is type(shown)
