import pytest

from blynk_gateway.api.cloud_call import named_pin
from blynk_gateway.api.faults import Refusal
from blynk_gateway.errors import UnknownPin


def test_pin_goes_by_name_or_by_number() -> None:
    assert named_pin({"pin": ["v07"], "dataStreamId": ["1"]}) == "V7"
    assert named_pin({"dataStreamId": ["255"]}) == "V255"
    assert named_pin({"v1": [""]}) is None


def test_what_names_no_pin_is_refused() -> None:
    with pytest.raises(UnknownPin):
        named_pin({"pin": ["q"]})
    for number in ("256", "-1", "1.0", "x"):
        with pytest.raises(Refusal, match=r"Wrong dataStreamId format\."):
            named_pin({"dataStreamId": [number]})
