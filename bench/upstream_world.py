"""Two gateways, one above the other, a proxy between them, and everybody who writes there.

Every value is written once and says by whom: `d17` a device below, `p17` people below, `a17` people
above. So what is there tells what is missing.
"""

import asyncio
import contextlib
import itertools
import json
import random
import struct
from collections import deque
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from bench.crash_load import current_values
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.processes import GatewayProcess

HURRIED = "bench.hurried"
PLAIN = "blynk_gateway"
"""Programs; the first one's waits are cut short."""

Pin: TypeAlias = tuple[str, str]
"""A slug and a pin."""

MAX_KEPT = 1000
"""Commands that a device was sent and nobody asked for."""

PERIOD_S = 0.02
ANSWER_S = 10.0
AGREED_S = 30.0

_LOGIN, _RESPONSE, _PING, _HARDWARE = 29, 0, 6, 20
_HEAD = struct.Struct(">BHH")
_OK = 200

BELOW_TOKENS = {slug: slug.encode().hex().ljust(32, "b") for slug in ("plant", "shed")}
ABOVE_TOKENS = {slug: slug.encode().hex().ljust(32, "a") for slug in ("plant", "shed", "both")}

SENSORS = ("V1", "V2", "V3")
SET_POINT, OWN_SET_POINT, SHARED = "V5", "V6", "V8"
"""Who wins after a break: the server above, the gateway below, whoever was last."""

AUTHORITIES = {SET_POINT: "cloud", OWN_SET_POINT: "gateway", SHARED: "newest"}

_SAME = {pin: pin for pin in ("V1", "V2", *AUTHORITIES)}
MAPPINGS: Mapping[str, Mapping[str, str]] = {
    # One pin has another name above.
    "plant": {**_SAME, "V3": "V13"},
    "shed": {**_SAME, "V3": "V13"},
    # Above this is a device too, below it is none.
    "both": {"plant/V2": "V1", "shed/V2": "V2"},
}


class Mapped(NamedTuple):
    """A pin below and its like above."""

    below: Pin
    above: Pin


def mapped_pins(slugs: Iterable[str] = MAPPINGS) -> Iterator[Mapped]:
    """Every pair of pins that is to be equal, of some devices above."""
    for slug in slugs:
        for local, remote in MAPPINGS[slug].items():
            device, _, pin = local.rpartition("/")
            yield Mapped((device or slug, pin), (slug, remote))


def config_below(port: int, slugs: Iterable[str] = MAPPINGS, **upstream: object) -> dict[str, Any]:
    """The gateway below.

    Args:
        slugs: devices above.
        upstream: further options of the server above.
    """
    above = {
        "server": f"127.0.0.1:{port}",
        "tls": False,
        "rate": 0,
        "heartbeat": "10s",
        "backlog": {"points_per_day": 0},
        "devices": {
            slug: {"token": ABOVE_TOKENS[slug], "pins": dict(MAPPINGS[slug])} for slug in slugs
        },
        **upstream,
    }
    datastreams = {
        pin: {"name": f"Set by {authority}", "type": "string", "authority": authority}
        for pin, authority in AUTHORITIES.items()
    }
    return {
        "server": {"quota": {"messages_per_second": 0}},
        "devices": {
            slug: {"token": token, "datastreams": datastreams}
            for slug, token in BELOW_TOKENS.items()
        },
        "upstream": {"above": above},
    }


def config_above() -> dict[str, Any]:
    """The gateway above, which knows nothing of the other."""
    return {
        "server": {"quota": {"messages_per_second": 0}},
        "devices": {slug: {"token": token} for slug, token in ABOVE_TOKENS.items()},
    }


class World:
    """Both gateways and the proxy between them.

    Attributes:
        slugs: devices above.
        numbers: of what is written.
    """

    def __init__(
        self,
        below: GatewayProcess,
        above: GatewayProcess,
        proxy: FaultProxy,
        slugs: Sequence[str] = tuple(MAPPINGS),
    ) -> None:
        self.below = below
        self.above = above
        self.proxy = proxy
        self.slugs = slugs
        self.numbers = itertools.count(1)

    async def differences(self) -> list[str]:
        """Pins that are not alike now, in words."""
        below = {slug: await current_values(self.below.control_path, slug) for slug in BELOW_TOKENS}
        above = {slug: await current_values(self.above.control_path, slug) for slug in ABOVE_TOKENS}
        found = []
        for one in mapped_pins(self.slugs):
            # A pin that has a datastream is told before it has a value.
            here = below[one.below[0]].get(one.below[1], [])
            there = above[one.above[0]].get(one.above[1], [])
            if here != there:
                found.append(f"{'/'.join(one.below)} is {here}, {'/'.join(one.above)} {there}")
        return found

    async def upstream(self) -> list[dict[str, Any]]:
        """The state of each mapping."""
        answer = await ask(self.below.control_path, "/api/v1/upstream")
        return [one for server in answer["upstream"] for one in server["devices"]]

    async def is_settled(self) -> bool:
        """Whether all mappings are connected, nothing waits, and all pins are alike."""
        try:
            mappings = await self.upstream()
            is_idle = all(
                one["status"] == "connected" and one["backlog_points"] == 0 for one in mappings
            )
            return is_idle and not await self.differences()
        except (OSError, asyncio.IncompleteReadError, ValueError):
            return False

    async def settled(self, within_s: float = AGREED_S) -> None:
        """Return when `is_settled` holds.

        Raises:
            AssertionError: it does not; says what is wrong.
        """
        try:
            async with asyncio.timeout(within_s):
                while not await self.is_settled():  # noqa: ASYNC110 - other processes settle
                    await asyncio.sleep(PERIOD_S)
        except TimeoutError:
            states = json.dumps(await self.upstream())
            wrong = "\n".join(await self.differences())
            raise AssertionError(f"not settled in {within_s} s\n{wrong}\n{states}") from None


@contextlib.asynccontextmanager
async def world(
    directory: Path,
    slugs: Sequence[str] = tuple(MAPPINGS),
    *,
    program: str = HURRIED,
    is_secure: bool = False,
    **upstream: object,
) -> AsyncIterator[World]:
    """Both gateways as processes, joined by a proxy; they are to end well.

    Args:
        is_secure: by TLS, with the authority that the one above has made for itself.
        upstream: further options of the server above.
    """
    for name in ("below", "above"):
        (directory / name).mkdir(parents=True)
    above = GatewayProcess(directory / "above", config_above(), module=program, tls=is_secure)
    port = above.tls_port or above.port
    async with above, FaultProxy("127.0.0.1", port) as proxy:
        if is_secure:
            await above.wait_for_log("tls=True", within_s=AGREED_S)
            authority = above.data_dir / "tls" / "ca.pem"
            secure = {"server": f"localhost:{proxy.port}", "tls": {"ca": str(authority)}}
            upstream = {**secure, **upstream}
        config = config_below(proxy.port, slugs, **upstream)
        async with GatewayProcess(directory / "below", config, module=program) as below:
            yield World(below, above, proxy, slugs)


class Traffic:
    """Devices below, and people below and above, who write all the time.

    `async with` starts and ends them. A gateway that is away is tried again.

    Args:
        pause_s: how long each of them waits between two messages, on average.
    """

    def __init__(self, a_world: World, pause_s: float) -> None:
        self._world = a_world
        self._pause_s = pause_s
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> None:
        for slug, token in BELOW_TOKENS.items():
            self._start(partial(self._be_device, token), f"device {slug}")
            for gateway, who in ((self._world.below, "p"), (self._world.above, "a")):
                self._start(partial(self._be_people, gateway, slug, who), f"{who} {slug}")

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            await cancel(task)

    def _start(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        async def again() -> None:
            while True:
                with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
                    await work()
                await asyncio.sleep(PERIOD_S)

        self._tasks.append(spawn(again(), name=name))

    async def _pause(self) -> None:
        await asyncio.sleep(random.uniform(0, 2 * self._pause_s))  # noqa: S311 - no secret

    async def _be_device(self, token: str) -> None:
        async with Device(self._world.below.port, token) as device:
            while True:
                for _ in range(random.randint(1, 4)):  # noqa: S311 - no secret
                    pin = random.choice(SENSORS)  # noqa: S311 - no secret
                    device.write(pin, f"d{next(self._world.numbers)}")
                await device.fence()
                await self._pause()

    async def _be_people(self, gateway: GatewayProcess, slug: str, who: str) -> None:
        while True:
            # Fewer than the fuse against loops lets through.
            await asyncio.sleep(max(0.05, self._pause_s))
            await self._pause()
            pin = random.choice((SET_POINT, OWN_SET_POINT, SHARED))  # noqa: S311 - no secret
            # By this socket, no broken network is in the way.
            value = f"{who}{next(self._world.numbers)}"
            target = f"/api/v1/pins/{slug}/{pin}"
            await ask(gateway.control_path, target, json.dumps({"value": value}))


class Device:
    """A device of a gateway, byte by byte. `async with` logs it in and ends it."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._ids = itertools.cycle(range(2, 0x10000))
        self._written: deque[tuple[str, str]] = deque(maxlen=MAX_KEPT)

    async def __aenter__(self) -> "Device":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(_frame(_LOGIN, 1, self._token))
        await self._answer(1)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, pin: str, value: str) -> None:
        """Send a `vw`."""
        self._writer.write(_frame(_HARDWARE, next(self._ids), "vw", pin[1:], value))

    async def fence(self) -> None:
        """Return when everything before was handled.

        Raises:
            OSError: that will not be known.
            asyncio.IncompleteReadError: likewise.
        """
        message_id = next(self._ids)
        self._writer.write(_frame(_PING, message_id))
        async with asyncio.timeout(ANSWER_S):
            await self._writer.drain()
            await self._answer(message_id)

    async def next_write(self) -> tuple[str, str]:
        """The pin and value of the next `vw` that comes, or came while something was awaited."""
        async with asyncio.timeout(ANSWER_S):
            while not self._written:
                command, _, size = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
                if command != _RESPONSE:
                    self._take(command, await self._reader.readexactly(size))
        return self._written.popleft()

    def _take(self, command: int, body: bytes) -> None:
        kind, _, rest = body.decode().partition("\0")
        if (command, kind) == (_HARDWARE, "vw"):
            pin, _, value = rest.partition("\0")
            self._written.append((f"V{pin}", value))

    async def _answer(self, message_id: int) -> None:
        while True:
            command, answered, size = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
            if command != _RESPONSE:
                self._take(command, await self._reader.readexactly(size))
            elif size != _OK:
                raise ConnectionError(f"message {answered} was answered with status {size}")
            elif answered == message_id:
                return


async def put(port: int, token: str, pin: str, value: str) -> None:
    """Write a pin over HTTP, as an app does.

    Raises:
        OSError: it was not taken, or that is not known.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.closing(writer):
        target = f"/{token}/update/{pin}?value={value}"
        writer.write(f"GET {target} HTTP/1.0\r\n\r\n".encode())
        async with asyncio.timeout(ANSWER_S):
            head = await reader.readline()
    if f" {_OK} ".encode() not in head:
        raise ConnectionError(f"{pin} was not taken: {head!r}")


async def ask(control: Path, target: str, body: str | None = None) -> Any:  # noqa: ANN401 - any JSON
    """Ask a daemon by its control socket, or with a body tell it.

    Raises:
        OSError, asyncio.IncompleteReadError: it is not there, or ended before it had answered.
    """
    reader, writer = await asyncio.open_unix_connection(control)
    with contextlib.closing(writer):
        head = f"{'GET' if body is None else 'PUT'} {target} HTTP/1.0\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}\r\n{body or ''}".encode())
        async with asyncio.timeout(ANSWER_S):
            answer = await reader.read()
    text = answer.partition(b"\r\n\r\n")[2]
    if not answer or (body is None and not text):
        raise asyncio.IncompleteReadError(answer, None)
    return json.loads(text or "null")


def _frame(command: int, message_id: int, *parts: str) -> bytes:
    body = "\0".join(parts).encode()
    return _HEAD.pack(command, message_id, len(body)) + body
