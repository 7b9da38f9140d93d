from blynk_gateway.cli.failure import Refused
from blynk_gateway.errors import GatewayError


def test_a_refusal_keeps_the_advice_of_the_gateway() -> None:
    error = Refused("greenhouse/V5 is read-only", "Set `writable: true`.")
    assert isinstance(error, GatewayError)
    assert str(error) == "greenhouse/V5 is read-only"
    assert error.advice == "Set `writable: true`."
