"""Debian's mosquitto on loopback, to stop, kill and freeze; and a client that listens there."""

import asyncio
import json
import shutil
import subprocess
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import paho.mqtt.client as paho

from tests.helpers.engines import Engine
from tests.helpers.patience import PATIENCE_S

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
"""Debian keeps servers where the path of a plain user does not lead."""

PERIOD_S = 0.01

CALLBACKS: dict[str, Any] = (
    {"callback_api_version": paho.CallbackAPIVersion.VERSION2}
    if hasattr(paho, "CallbackAPIVersion")
    else {}
)
"""What a client of paho needs from version 2 on; 1.6 knows no other."""


class Broker(Engine):
    """mosquitto with a directory of its own.

    Args:
        is_persistent: whether it keeps retained messages over a kill.
        settings: further lines of its configuration, `{dir}` for its directory.
        passwords: users and their passwords; anybody may come in without.
        prepare: makes what the settings need, in its directory.
    """

    def __init__(
        self,
        *,
        is_persistent: bool = False,
        settings: Sequence[str] = (),
        passwords: dict[str, str] | None = None,
        prepare: Callable[[Path], None] | None = None,
    ) -> None:
        assert Path(MOSQUITTO).exists(), "mosquitto is missing: sudo apt install mosquitto"
        super().__init__()
        self._is_persistent = is_persistent
        self._settings = settings
        self._passwords = passwords
        self._prepare = prepare

    def prepare(self) -> None:
        # mosquitto gives up root and must be able to write there.
        self.directory.chmod(0o777)
        if self._prepare is not None:
            self._prepare(self.directory)
        lines = [
            f"listener {self.port} 127.0.0.1",
            "max_queued_messages 100000",
            f"allow_anonymous {'false' if self._passwords else 'true'}",
            *(line.format(dir=self.directory) for line in self._settings),
        ]
        if self._is_persistent:
            # Written at every change, as a kill leaves no time for it.
            lines += [
                "persistence true",
                f"persistence_location {self.directory}/",
                "autosave_on_changes true",
                "autosave_interval 1",
            ]
        if self._passwords:
            lines.append(f"password_file {self.directory}/passwords")
            passwords = self.directory / "passwords"
            passwords.touch(mode=0o666)
            for user, password in self._passwords.items():
                command = ["mosquitto_passwd", "-b", str(passwords), user, password]
                subprocess.run(command, check=True, capture_output=True)
        (self.directory / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def command(self) -> Sequence[str]:
        return [MOSQUITTO, "-c", str(self.directory / "mosquitto.conf")]


class Heard(NamedTuple):
    """A message that a listener got."""

    topic: str
    payload: str
    is_retained: bool

    @property
    def json(self) -> Any:  # noqa: ANN401  any JSON
        """The payload as JSON."""
        return json.loads(self.payload)


class Listener:
    """A client of the broker that keeps what it hears, in order.

    `async with` connects it and subscribes.

    Attributes:
        heard: every message so far.
    """

    def __init__(self, port: int, *filters: str, **client: Any) -> None:  # noqa: ANN401  paho's
        self.heard: list[Heard] = []
        self._port = port
        self._filters = filters or ("#",)
        self._client = paho.Client(
            **CALLBACKS, client_id=f"listener-{uuid.uuid4().hex[:8]}", **client
        )
        self._subscribed = threading.Event()
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()

    async def __aenter__(self) -> Self:
        self._client.connect_async("127.0.0.1", self._port)
        self._client.loop_start()
        assert await asyncio.to_thread(self._subscribed.wait, PATIENCE_S), (
            "the broker does not answer"
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def publish(self, topic: str, payload: str | bytes, **options: Any) -> None:  # noqa: ANN401  paho's
        """Publish a message."""
        self._client.publish(topic, payload, **options)

    def of(self, topic: str) -> list[str]:
        """The payloads of one topic, in order."""
        return [message.payload for message in self.heard if message.topic == topic]

    async def until(self, condition: Callable[[], Any]) -> Any:  # noqa: ANN401  its own
        """Return what the condition gives as soon as that is true.

        Raises:
            AssertionError: it does not become true; says what was heard.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (found := condition()):  # noqa: ASYNC110  any condition
                    await asyncio.sleep(PERIOD_S)
        except TimeoutError:
            heard = "\n".join(map(str, self.heard[-30:]))
            raise AssertionError(f"not within {PATIENCE_S} s; heard\n{heard}") from None
        return found

    async def expect(self, topic: str, payload: str | None = None) -> Heard:
        """The first message of the topic, with this payload if one is given."""

        def found() -> Heard | None:
            return next(
                (
                    one
                    for one in self.heard
                    if one.topic == topic and payload in (None, one.payload)
                ),
                None,
            )

        message = await self.until(found)
        assert isinstance(message, Heard)
        return message

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(one, 1) for one in self._filters])

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.heard.append(
            Heard(message.topic, message.payload.decode("utf-8", "replace"), bool(message.retain))
        )
