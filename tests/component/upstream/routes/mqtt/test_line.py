"""One connection to the server above: TLS, redirects, and how its end is noticed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from blynk_gateway.broker.packets import Packets
from blynk_gateway.config.mqtt.options import ProtocolVersion
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.upstream.options import UpstreamOptions, UpstreamTlsOptions
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.errors import PeerError
from blynk_gateway.upstream.route import Moved, Place, ServerDown, ServerRefused
from blynk_gateway.upstream.routes.mqtt.faults import NotLetIn
from blynk_gateway.upstream.routes.mqtt.line import Line
from blynk_gateway.upstream.routes.mqtt.packing import Message
from blynk_gateway.upstream.routes.tls import (
    AuthorityUnusable,
    CertificateOfAnother,
    CertificateUntrusted,
    TlsFailed,
)
from tests.component.broker.conftest import WELCOME, Peer, until
from tests.component.upstream.routes.mqtt.conftest import OTHER, TOKEN, TYPES
from tests.helpers.authority import Authority
from tests.helpers.mqtt_cloud import MqttCloud
from tests.helpers.patience import PATIENCE_S

HELLO = WELCOME[ProtocolVersion.V3_1_1]

HEARTBEAT_MS = 1500
"""The shortest whose keep-alive is a whole second."""


def redirect(address: str, prefix: str = "") -> bytes:
    packets = Packets(is_v5=False)
    return packets.publish(f"{prefix}downlink/redirect", address.encode(), retain=False)


class Lines:
    """Makes lines, and closes them."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    def make(
        self,
        port: int,
        *,
        ca: Path | None = None,
        token: str = TOKEN,
        host: str = "127.0.0.1",
        heartbeat_ms: int = HEARTBEAT_MS,
    ) -> Line:
        tls = None if ca is None else UpstreamTlsOptions(ca)
        upstream = UpstreamOptions("cloud", host, port, tls, heartbeat_ms=heartbeat_ms)
        line = Line(upstream, Place(host, port), "device", Secret(token), SystemClock())
        self._stack.push_async_callback(line.close)
        return line

    async def joined(
        self, port: int, ca: Path | None = None, *, heartbeat_ms: int = HEARTBEAT_MS
    ) -> Line:
        line = self.make(port, ca=ca, heartbeat_ms=heartbeat_ms)
        await line.open()
        await line.join("", lambda *_: None)
        return line


@pytest.fixture
async def lines() -> AsyncIterator[Lines]:
    async with AsyncExitStack() as stack:
        yield Lines(stack)


class TestTls:
    async def test_line_is_as_good_as_without(self, lines: Lines) -> None:
        with MqttCloud({TOKEN: TYPES}, certified="127.0.0.1") as cloud:
            line = await lines.joined(cloud.public_port, ca=cloud.authority.ca)
            await line.send([Message("ds/Level", b"1")])
            await cloud.until(lambda: cloud.devices[TOKEN].taken)
            cloud.redirect(TOKEN, "mqtt://127.0.0.1:1")
            error = await line.over
            assert type(error) is ServerDown
            assert str(error) == (
                f"127.0.0.1:{cloud.public_port}: it sends us from TLS to plain, to 127.0.0.1;"
                " expected an address of mqtts://"
            )
            assert line.sent_to is None

    async def test_wrong_certificate_is_refused_and_the_token_is_not_told(
        self, lines: Lines, tmp_path: Path
    ) -> None:
        other = Authority(tmp_path, "other")
        with MqttCloud({TOKEN: TYPES}, certified="other.example") as cloud:
            with pytest.raises(CertificateUntrusted):
                await lines.make(cloud.public_port, ca=other.ca).open()
            with pytest.raises(CertificateOfAnother):
                await lines.make(cloud.public_port, ca=cloud.authority.ca).open()
            with pytest.raises(AuthorityUnusable, match=r"`tls\.ca` .*absent"):
                await lines.make(cloud.public_port, ca=tmp_path / "absent").open()
            assert "u'device'" not in (cloud.directory / "log").read_text()

    async def test_server_without_tls_is_not_spoken_with(
        self, cloud: MqttCloud, lines: Lines, tmp_path: Path
    ) -> None:
        ca = Authority(tmp_path, "home").ca
        with pytest.raises(TlsFailed):
            await lines.make(cloud.public_port, ca=ca).open()


class TestRefusals:
    async def test_wrong_password(self, cloud: MqttCloud, lines: Lines) -> None:
        with pytest.raises(NotLetIn) as caught:
            await lines.make(cloud.public_port, token=OTHER).open()
        assert OTHER not in f"{caught.value!r} {caught.value.hint}"

    async def test_return_code_of_the_vendor(self, lines: Lines) -> None:
        async with Peer(b"\x20\x02\x00\x04", is_open=False) as peer:
            with pytest.raises(ServerRefused, match="refuses user name or password"):
                await lines.make(peer.port).open()

    @pytest.mark.parametrize(
        "answer", [b"HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n", b"\0", b""]
    )
    async def test_what_is_no_such_server_may_be_one_later(
        self, answer: bytes, lines: Lines
    ) -> None:
        async with Peer(answer, is_open=False) as peer:
            with pytest.raises(ServerDown):
                await lines.make(peer.port).open()

    async def test_subscription(self, lines: Lines) -> None:
        async with Peer(HELLO) as peer:
            line = lines.make(peer.port)
            await line.open()
            joining = asyncio.get_running_loop().create_task(line.join("", lambda *_: None))
            await until(lambda: b"downlink/#" in peer.said)
            peer.say(b"\x90\x03" + peer.said[2:4] + b"\x80")
            with pytest.raises(ServerRefused, match="refuses to tell us of downlink/#"):
                await joining


class TestRedirects:
    async def test_who_is_sent_away_at_once_knows_where_to(self, lines: Lines) -> None:
        """As the vendor's own broker does it, which closes the connection then."""
        answer = HELLO + redirect("mqtt://ny3.blynk.cloud:1883")
        async with Peer(answer, is_open=False) as peer:
            line = lines.make(peer.port)
            await line.open()
            with pytest.raises(Moved):
                await line.join("", lambda *_: None)
            assert line.sent_to == Place("ny3.blynk.cloud", 1883)

    async def test_redirect_of_one_device_of_a_gateway_is_one(self, lines: Lines) -> None:
        answer = HELLO + redirect("mqtt://ny3.blynk.cloud:1883", f"dev/{TOKEN}/")
        async with Peer(answer) as peer:
            line = lines.make(peer.port)
            await line.open()
            assert isinstance(await line.over, Moved)

    async def test_redirect_to_where_we_are_changes_nothing(
        self, cloud: MqttCloud, lines: Lines
    ) -> None:
        cloud.redirect(TOKEN, f"mqtt://127.0.0.1:{cloud.public_port}/")
        line = await lines.joined(cloud.public_port)
        await line.send([Message("ds/Level", b"1")])
        assert not line.over.done()

    @pytest.mark.parametrize("address", ["wss://fra1.blynk.cloud:443/mqtt", "mqtts://x", "\xff"])
    async def test_place_that_cannot_be_followed_ends_it_with_a_reason(
        self, cloud: MqttCloud, address: str, lines: Lines
    ) -> None:
        line = await lines.joined(cloud.public_port)
        cloud.redirect(TOKEN, address)
        error = await line.over
        assert type(error) is ServerDown
        assert str(error).endswith("; expected an address of mqtt://")


class TestSending:
    async def test_many_messages_arrive_in_order(self, cloud: MqttCloud, lines: Lines) -> None:
        line = await lines.joined(cloud.public_port)
        await line.send([Message("ds/Level", f"{at}".encode()) for at in range(500)])
        taken = cloud.devices[TOKEN].taken
        await cloud.until(lambda: len(taken) == 500)
        assert [one.value for one in taken] == [(f"{at}",) for at in range(500)]

    async def test_without_acknowledgement_it_ends_within_the_heartbeat(self, lines: Lines) -> None:
        """The peer gives signs of life, and takes nothing."""
        async with Peer(HELLO) as peer:
            line = lines.make(peer.port)
            await line.open()
            clock = SystemClock()
            began = clock.monotonic()
            with pytest.raises(ServerDown, match=r"acknowledged nothing for 1\.5 s; expected it"):
                await line.send([Message("ds/Level", b"1")])
            assert clock.monotonic() - began >= HEARTBEAT_MS / 1000
            assert peer.pings

    async def test_return_means_that_the_server_has_it(self, lines: Lines) -> None:
        async with Peer(HELLO) as peer:
            line = lines.make(peer.port)
            await line.open()
            sending = asyncio.get_running_loop().create_task(line.send([Message("ds/Level", b"1")]))
            await until(lambda: b"ds/Level" in peer.said)
            assert not sending.done()
            peer.say(bytes((0x40, 2, 0, 1)))
            await sending

    async def test_each_acknowledgement_gives_it_a_heartbeat_more(
        self, lines: Lines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[float] = []
        within = Line.within

        async def noted(line: Line, future: "asyncio.Future[None]", wait_s: float) -> bool:
            waits.append(wait_s)
            return await within(line, future, wait_s)

        monkeypatch.setattr(Line, "within", noted)
        async with Peer(HELLO) as peer:
            line = lines.make(peer.port, heartbeat_ms=round(PATIENCE_S * 1000))
            await line.open()
            sending = asyncio.get_running_loop().create_task(
                line.send([Message("ds/Level", b"1")] * 3)
            )
            for number in (1, 2, 3):
                await until(lambda: len(waits) == number)  # noqa: B023  used at once
                assert not sending.done()
                peer.say(bytes((0x40, 2, 0, number)))
            await sending
        assert waits == [PATIENCE_S] * 3

    async def test_end_in_between_is_told(self, cloud: MqttCloud, lines: Lines) -> None:
        line = await lines.joined(cloud.public_port)
        cloud.freeze()
        sending = asyncio.get_running_loop().create_task(line.send([Message("ds/Level", b"1")]))
        await asyncio.sleep(0.05)
        cloud.kill()
        with pytest.raises(ServerDown):
            await sending
        with pytest.raises(ServerDown):
            await line.send([])


class TestSilence:
    async def test_half_open_connection_is_noticed_within_the_heartbeat(
        self, cloud: MqttCloud, lines: Lines
    ) -> None:
        line = await lines.joined(cloud.public_port)
        cloud.freeze()
        async with asyncio.timeout(PATIENCE_S):
            error = await line.over
        assert type(error) is ServerDown
        assert "silent for" in str(error)

    async def test_quiet_connection_is_kept(self, cloud: MqttCloud, lines: Lines) -> None:
        line = await lines.joined(cloud.public_port, heartbeat_ms=2 * HEARTBEAT_MS)
        await asyncio.sleep(2 * HEARTBEAT_MS / 1000 * 1.5)
        assert not line.over.done()


async def test_end_of_ours_is_told_to_who_waits(cloud: MqttCloud, lines: Lines) -> None:
    line = await lines.joined(cloud.public_port)
    waiting = asyncio.get_running_loop().create_task(
        line.within(asyncio.get_running_loop().create_future(), 10)
    )
    await asyncio.sleep(0)
    await line.close()
    await line.close()
    with pytest.raises(PeerError, match="we ended the connection"):
        await waiting


async def test_tokens_are_not_logged(lines: Lines, caplog: pytest.LogCaptureFixture) -> None:
    """A message that nobody could take, on a topic that only the gateway interface has."""
    topic = f"dev/{TOKEN}/downlink/ds/Level".encode()
    size = 3_000_000
    length = bytes((size & 127 | 128, size >> 7 & 127 | 128, size >> 14 & 127 | 128, size >> 21))
    large = b"\x30" + length + len(topic).to_bytes(2, "big") + topic
    async with Peer(HELLO + large + bytes(size - len(topic) - 2)) as peer:
        line = lines.make(peer.port)
        await line.open()
        await until(lambda: "message too large" in caplog.messages)
    (record,) = [one for one in caplog.records if one.msg == "message too large"]
    assert vars(record)["topic"] == "dev/4ae3…/downlink/ds/Level"
