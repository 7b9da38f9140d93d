"""Chooses the route that the configuration names, and loads no library before it is needed."""

from typing import TYPE_CHECKING

from blynk_gateway.config.upstream.options import UpstreamOptions, Via
from blynk_gateway.core.clock import Clock
from blynk_gateway.upstream.route import Route, RouteSetup

if TYPE_CHECKING:
    from blynk_gateway.upstream.routes.mqtt.lines import Lines


class Routes:
    """Makes the routes of one server.

    With MQTT its mappings may share a connection, which is why they come from one place.
    """

    def __init__(self, upstream: UpstreamOptions, clock: Clock) -> None:
        self._upstream = upstream
        self._clock = clock
        self._lines: Lines | None = None

    def make(self, setup: RouteSetup) -> Route:
        """A new route; not opened."""
        match self._upstream.via:
            case Via.TCP:
                from blynk_gateway.upstream.routes.tcp.route import TcpRoute  # noqa: PLC0415  see above

                return TcpRoute(setup)
            case Via.HTTPS:
                from blynk_gateway.upstream.routes.https.route import HttpsRoute  # noqa: PLC0415  see above

                return HttpsRoute(setup)
            case Via.MQTT | Via.MQTT_GATEWAY:
                from blynk_gateway.upstream.routes.mqtt.lines import Lines  # noqa: PLC0415  see above
                from blynk_gateway.upstream.routes.mqtt.route import MqttRoute  # noqa: PLC0415  see above

                if self._lines is None:
                    self._lines = Lines(self._upstream, self._clock)
                return MqttRoute(setup, self._lines)
