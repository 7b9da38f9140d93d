import re

import pytest

from blynk_gateway.errors import DeviceError
from blynk_gateway.mqtt.device_api.faults import NoSuchTopic, OverQuota, UnknownLocation


@pytest.mark.parametrize("fault", [NoSuchTopic, OverQuota, UnknownLocation])
def test_a_fault_has_a_code_of_its_own_and_says_what_to_do(fault: type[DeviceError]) -> None:
    assert re.fullmatch(r"device\.[a-z]+", fault.code)
    assert fault.hint != DeviceError.hint
    assert re.fullmatch(r"[A-Z].{15,}\.", fault.hint)
