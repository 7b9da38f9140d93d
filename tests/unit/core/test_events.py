"""What events mean."""

import pytest

from blynk_gateway.core.events import GRAVE, SYSTEM_EVENTS, EventDefinition, EventType, SystemCode


def test_an_undemanding_declaration_is_an_info_that_nobody_is_told() -> None:
    hot = EventDefinition("hot", "Too hot")
    assert (hot.type, hot.notify, hot.limit_ms, hot.every) == (EventType.INFO, None, 0, 1)


@pytest.mark.parametrize("code", SystemCode)
def test_what_the_gateway_notices_has_a_name_for_people(code: SystemCode) -> None:
    assert SYSTEM_EVENTS[code].name != code


def test_trouble_is_grave_and_its_end_is_not() -> None:
    assert SYSTEM_EVENTS[SystemCode.FAULT].type in GRAVE
    assert SYSTEM_EVENTS[SystemCode.RECOVERED].type not in GRAVE
