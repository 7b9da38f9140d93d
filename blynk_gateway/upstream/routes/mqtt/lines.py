"""The connections to one server above: one for each device, or one for all."""

import asyncio
from collections.abc import Sequence

from blynk_gateway.config.secret import Secret
from blynk_gateway.config.upstream.options import UpstreamOptions, Via
from blynk_gateway.core.clock import Clock
from blynk_gateway.errors import PeerError
from blynk_gateway.upstream.route import Moved, Place, RouteSetup, ServerDown, ServerRefused
from blynk_gateway.upstream.routes.mqtt.faults import GatewayRefused
from blynk_gateway.upstream.routes.mqtt.line import GATEWAY_LEVEL, Line, Listener
from blynk_gateway.upstream.routes.mqtt.packing import Message

MAX_MOVES = 4
"""Servers that send us round and round are left alone after so many."""

_DEVICE_USER = "device"
_GATEWAY_USER = "mgmt_device"
"""Source: blynk-protocol §11."""


class Lines:
    """Made once for each server above."""

    def __init__(self, upstream: UpstreamOptions, clock: Clock) -> None:
        self._upstream = upstream
        self._clock = clock
        self._is_gateway = upstream.via is Via.MQTT_GATEWAY
        self._shared: Line | None = None
        self._users = 0
        self._opening = asyncio.Lock()
        self._failures = 0
        self._failure: PeerError | None = None

    def prefix(self, setup: RouteSetup) -> str:
        """Of all topics of a device."""
        return f"{GATEWAY_LEVEL}/{setup.mapping.token.reveal()}/" if self._is_gateway else ""

    async def take(self, setup: RouteSetup, listener: Listener, hello: Sequence[Message]) -> Line:
        """A line on which the device's messages come to the listener; redirects are followed.

        Args:
            hello: what is to be said first.

        Raises:
            ServerRefused: the token is not valid.
            PeerDown: it did not come about.
        """
        place, moves = setup.remembered, 0
        while True:
            line = await self._line(setup, place)
            try:
                await line.join(self.prefix(setup), listener, hello)
            except Moved:
                await self.give_back(line, setup)
                place, moves = line.sent_to, moves + 1
                setup.remember(None if moves > MAX_MOVES else place)
                if moves > MAX_MOVES:
                    text = f"it sends us on, the {moves}th that does; expected one that keeps us"
                    raise ServerDown(f"{line.place}: {text}") from None
            except BaseException:
                await self.give_back(line, setup)
                raise
            else:
                return line

    async def give_back(self, line: Line, setup: RouteSetup) -> None:
        """End the device's use of a line, which ends with the last of those who share it."""
        line.leave(self.prefix(setup))
        if line is self._shared:
            self._users -= 1
            if self._users:
                return
            self._shared = None
        await line.close()

    async def _line(self, setup: RouteSetup, place: Place | None) -> Line:
        if not self._is_gateway:
            return await self._dial(setup, place)
        failures = self._failures
        async with self._opening:
            if self._shared is None or self._shared.over.done():
                if self._failures != failures and self._failure is not None:
                    # Others waited for the same; asking again for each of them would take long.
                    raise self._failure
                try:
                    line = await self._dial(setup, place)
                except PeerError as error:
                    self._failures += 1
                    self._failure = error
                    raise
                self._shared, self._users = line, 0
            self._users += 1
            return self._shared

    async def _dial(self, setup: RouteSetup, place: Place | None) -> Line:
        if place is not None:
            try:
                return await self._open(setup, place)
            except PeerError:
                setup.remember(None)
                # Where we were once may not be our place any more; where we were just sent must be.
                if place != setup.remembered:
                    raise
        # There is one port of each kind.
        return await self._open(setup, Place(self._upstream.host, self._upstream.ports[0]))

    async def _open(self, setup: RouteSetup, place: Place) -> Line:
        username, password = self._login(setup)
        line = Line(self._upstream, place, username, password, self._clock)
        try:
            await line.open()
        except BaseException as error:
            await line.close()
            if self._is_gateway and isinstance(error, ServerRefused):
                raise GatewayRefused(str(error)) from None
            raise
        return line

    def _login(self, setup: RouteSetup) -> tuple[str, Secret | None]:
        upstream = setup.upstream
        if not self._is_gateway:
            return _DEVICE_USER, setup.mapping.token
        if upstream.username is not None:
            return upstream.username, upstream.password
        return _GATEWAY_USER, next(iter(upstream.devices.values())).token
