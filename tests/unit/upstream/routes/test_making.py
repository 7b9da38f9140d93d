"""Which route is made."""

import subprocess
import sys

import pytest

from blynk_gateway.config.upstream.options import Via
from blynk_gateway.upstream.arrivals import Arrivals
from blynk_gateway.upstream.route import RouteSetup
from blynk_gateway.upstream.routes.making import Routes
from tests.helpers.upstream import Below, upstream

NAMES = {
    Via.TCP: "TcpRoute",
    Via.HTTPS: "HttpsRoute",
    Via.MQTT: "MqttRoute",
    Via.MQTT_GATEWAY: "MqttRoute",
}


@pytest.mark.parametrize("via", list(Via))
async def test_the_configuration_chooses_the_route(via: Via) -> None:
    below = Below(upstream(via=via))
    setup = RouteSetup(
        upstream=below.parts.upstream,
        mapping=below.parts.mapping,
        below=Arrivals(below.parts),
        clock=below.clock,
        remembered=None,
        remember=lambda place: None,
        datastream_of=lambda pin: None,
        spent_more=lambda messages: None,
    )
    route = Routes(below.parts.upstream, below.clock).make(setup)
    assert type(route).__name__ == NAMES[via]


def test_no_library_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, blynk_gateway.upstream.server;"
        "print([name for name in ('aiohttp', 'paho', 'ssl') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "['ssl']"
