"""`bridge/pairing`: whether unknown tokens become devices now, `ON` or `OFF`, retained."""

import asyncio
from collections.abc import Iterable
from typing import Any

from blynk_gateway.broker.message import Subscription
from blynk_gateway.core.change import Change
from blynk_gateway.core.value import number
from blynk_gateway.mqtt.bridge.request import RequestRefused
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.runtime.tasks import spawn

LOOK_EVERY_S = 1.0
"""How often is looked: pairing ends by itself, and others open and close it too."""

DEFAULT_MINUTES = 5.0
"""How long `ON` opens it."""

MAX_MINUTES = 1440.0

_EXPECTED = 'expected {"minutes": 5}, a number of minutes from 0 to 1440, ON or OFF'


class PairingState:
    """Publishes `bridge/pairing`, and answers the request to open or close it."""

    def __init__(self, parts: MqttParts) -> None:
        self._pairing = parts.pairing
        self._topic = parts.topics.bridge("pairing")
        self._shown = ""
        self._outlet: Outlet | None = None
        self._worker: asyncio.Task[None] | None = None

    def subscriptions(self) -> Iterable[Subscription]:
        """Nothing: the request is one of `Requests`."""
        return ()

    async def connected(self, outlet: Outlet) -> None:
        """Publish it, and follow."""
        self.disconnected()
        self._outlet = outlet
        self._publish()
        self._worker = spawn(self._follow(), name="mqtt bridge pairing")

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Nothing: pairing is no change of the core."""

    def disconnected(self) -> None:
        """Follow no more."""
        self._shown = ""
        self._outlet = None
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    async def pair(self, body: Any) -> dict[str, Any]:  # noqa: ANN401  JSON of a stranger
        """Open pairing for some minutes, or close it.

        Raises:
            RequestRefused: the body does not say so.
        """
        self._pairing.open(60 * find_minutes(body))
        self._publish()
        return {"seconds_left": round(self._pairing.seconds_left)}

    def _publish(self) -> None:
        state = "ON" if self._pairing.seconds_left > 0 else "OFF"
        if self._outlet is not None and state != self._shown:
            self._shown = state
            self._outlet.publish(self._topic, state, retain=True)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._publish()


def find_minutes(body: Any) -> float:  # noqa: ANN401  JSON of a stranger
    """For how many minutes pairing is to be open, 0 to close it.

    Args:
        body: `{"minutes": 5}`, `5`, `"5"`, `"ON"` or `"OFF"`.

    Raises:
        RequestRefused: it is something else.
    """
    if isinstance(body, dict):
        body = body.get("minutes")
    if isinstance(body, bool) or not isinstance(body, int | float | str):
        raise RequestRefused(f"the request names no minutes; {_EXPECTED}")
    text = str(body).strip()
    switch = {"ON": DEFAULT_MINUTES, "OFF": 0.0}
    minutes = switch.get(text.upper(), number((text,)))
    if minutes is None or not 0 <= minutes <= MAX_MINUTES:
        raise RequestRefused(f"found {text[:40]!r} as minutes; {_EXPECTED}")
    return minutes
