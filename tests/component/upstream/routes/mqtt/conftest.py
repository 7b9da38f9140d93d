"""Routes over MQTT to the stand-in of the cloud, closed behind each test."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from blynk_gateway.config.secret import Secret
from blynk_gateway.config.upstream.options import MappingOptions, UpstreamOptions, Via
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.value import PinValue
from blynk_gateway.upstream.route import Place, RouteSetup
from blynk_gateway.upstream.routes.mqtt.lines import Lines
from blynk_gateway.upstream.routes.mqtt.route import MqttRoute
from tests.helpers.mqtt_cloud import CloudDevice, MqttCloud

TOKEN = "4ae3851817194e2596cf1b7103603ef8"
OTHER = "9b1d4f0c2ae84a6ab3d1c35c1f9b7f01"

TYPES = {
    "Level": DatastreamType.INT,
    "Temperature": DatastreamType.DOUBLE,
    "Name": DatastreamType.STRING,
    "Mode": DatastreamType.ENUM,
    "Pump": DatastreamType.BOOL,
    "Place": DatastreamType.LOCATION,
}


class ShiftedClock(SystemClock):
    """The real time, and so much more as a test lets pass at once."""

    shift_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.shift_s


class Below:
    """Keeps what comes down."""

    def __init__(self) -> None:
        self.writes: list[tuple[str, PinValue]] = []
        self.metadata: list[tuple[str, str]] = []

    def written(self, pin: str, value: PinValue) -> None:
        self.writes.append((pin, value))

    def metadata_set(self, field: str, value: str) -> None:
        self.metadata.append((field, value))

    def app_changed(self, is_active: bool) -> None:
        raise AssertionError("MQTT does not tell")


class Uplink:
    """Makes routes to one server, and closes them.

    Attributes:
        below: what came down, by token.
        remembered: where the server sent us, as the routes told.
        spent: messages beyond what anything was to cost, as the routes told.
    """

    def __init__(self) -> None:
        self.clock = ShiftedClock()
        self.below: dict[str, Below] = {}
        self.remembered: list[Place | None] = []
        self.spent: list[int] = []
        self._routes: list[MqttRoute] = []
        self._lines: Lines | None = None

    def route(
        self,
        port: int,
        token: str = TOKEN,
        *,
        place: Place | None = None,
        **options: Any,  # noqa: ANN401  of any type
    ) -> MqttRoute:
        """A route to loopback, not opened; those of one server share its lines."""
        upstream = UpstreamOptions(
            **{
                "name": "cloud",
                "host": "127.0.0.1",
                "port": port,
                "tls": None,
                "via": Via.MQTT,
                "devices": {"greenhouse": _mapping("greenhouse", TOKEN)},
                **options,
            }
        )
        self._lines = self._lines or Lines(upstream, self.clock)
        setup = RouteSetup(
            upstream=upstream,
            mapping=_mapping("greenhouse" if token == TOKEN else "shed", token),
            below=self.below.setdefault(token, Below()),
            clock=self.clock,
            remembered=place,
            remember=self.remembered.append,
            spent_more=self.spent.append,
            datastream_of=lambda name: (
                Datastream("V1", name, TYPES[name]) if name in TYPES else None
            ),
        )
        route = MqttRoute(setup, self._lines)
        self._routes.append(route)
        return route

    async def open(self, port: int, token: str = TOKEN, **options: Any) -> MqttRoute:  # noqa: ANN401  of any type
        """A route that is open."""
        route = self.route(port, token, **options)
        await route.open()
        return route

    async def close(self) -> None:
        for route in self._routes:
            await route.close()


def _mapping(slug: str, token: str) -> MappingOptions:
    return MappingOptions(slug, Secret(token), (), template_id="TMPL1")


@pytest.fixture
async def uplink() -> AsyncIterator[Uplink]:
    one = Uplink()
    yield one
    await one.close()


@pytest.fixture
def cloud() -> Iterator[MqttCloud]:
    with MqttCloud({TOKEN: TYPES}) as one:
        yield one


@pytest.fixture
def port(cloud: MqttCloud) -> int:
    return cloud.public_port


@pytest.fixture
def device(cloud: MqttCloud) -> CloudDevice:
    return cloud.devices[TOKEN]
