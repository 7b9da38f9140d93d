"""Which connections there are to a server above, and where they lead."""

import asyncio
from collections.abc import Iterator

import pytest

from blynk_gateway.config.mqtt.options import ProtocolVersion
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.upstream.options import Via
from blynk_gateway.upstream.route import Place, ServerDown, ServerRefused, Write
from blynk_gateway.upstream.routes.mqtt.faults import GatewayRefused, NotLetIn
from blynk_gateway.upstream.routes.mqtt.lines import MAX_MOVES
from tests.component.broker.conftest import WELCOME, Peer, until
from tests.component.upstream.routes.mqtt.conftest import OTHER, TOKEN, TYPES, Uplink
from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.mqtt_cloud import MqttCloud, Taken
from tests.helpers.processes import free_port


def at(port: int) -> str:
    return f"mqtt://127.0.0.1:{port}"


class TestRedirects:
    @pytest.fixture
    def region(self) -> Iterator[MqttCloud]:
        with MqttCloud({TOKEN: TYPES}) as one:
            yield one

    async def test_is_followed_and_remembered(
        self, cloud: MqttCloud, region: MqttCloud, uplink: Uplink
    ) -> None:
        cloud.redirect(TOKEN, at(region.public_port))
        route = await uplink.open(cloud.public_port)
        assert route.place == f"127.0.0.1:{region.public_port}"
        assert uplink.remembered == [Place("127.0.0.1", region.public_port)]
        await route.send_live([Write("Level", ("1",))])
        await region.until(lambda: region.devices[TOKEN].taken)

    async def test_remembered_place_is_asked_first(
        self, cloud: MqttCloud, region: MqttCloud, uplink: Uplink
    ) -> None:
        place = Place("127.0.0.1", region.public_port)
        route = await uplink.open(cloud.public_port, place=place)
        assert route.place == f"127.0.0.1:{region.public_port}"
        assert not uplink.remembered

    async def test_remembered_place_that_does_not_answer_is_forgotten(
        self, cloud: MqttCloud, uplink: Uplink
    ) -> None:
        route = await uplink.open(cloud.public_port, place=Place("127.0.0.1", free_port()))
        assert route.place == f"127.0.0.1:{cloud.public_port}"
        assert uplink.remembered == [None]

    async def test_remembered_place_that_refuses_us_is_forgotten(
        self, cloud: MqttCloud, uplink: Uplink
    ) -> None:
        with MqttCloud({OTHER: TYPES}) as former:
            place = Place("127.0.0.1", former.public_port)
            route = await uplink.open(cloud.public_port, place=place)
        assert route.place == f"127.0.0.1:{cloud.public_port}"
        assert uplink.remembered == [None]

    async def test_place_that_does_not_answer_is_not_remembered(
        self, cloud: MqttCloud, uplink: Uplink
    ) -> None:
        port = free_port()
        cloud.redirect(TOKEN, at(port))
        with pytest.raises(ServerDown, match=f"127.0.0.1:{port}"):
            await uplink.open(cloud.public_port)
        assert uplink.remembered == [Place("127.0.0.1", port), None]

    async def test_round_and_round_ends(
        self, cloud: MqttCloud, region: MqttCloud, uplink: Uplink
    ) -> None:
        cloud.redirect(TOKEN, at(region.public_port))
        region.redirect(TOKEN, at(cloud.public_port))
        with pytest.raises(ServerDown, match=f"it sends us on, the {MAX_MOVES + 1}th that does"):
            await uplink.open(cloud.public_port)
        assert uplink.remembered[-1] is None


class TestRefusals:
    async def test_may_be_over_and_is_never_final(self, cloud: MqttCloud, uplink: Uplink) -> None:
        route = uplink.route(cloud.public_port, OTHER)
        for _ in range(2):
            with pytest.raises(NotLetIn, match="does not authorise us"):
                await route.open()
            uplink.clock.shift_s += 86_400

    async def test_return_code_of_the_vendor_is_believed_at_once(self, uplink: Uplink) -> None:
        async with Peer(b"\x20\x02\x00\x04", is_open=False) as peer:
            with pytest.raises(ServerRefused, match="refuses user name or password"):
                await uplink.open(peer.port)


class TestGateway:
    @pytest.fixture
    def cloud(self) -> Iterator[MqttCloud]:
        devices = {TOKEN: TYPES, OTHER: TYPES}
        with MqttCloud(devices, gateway=("mgmt_device", TOKEN)) as one:
            yield one

    async def test_all_devices_share_a_connection(self, cloud: MqttCloud, uplink: Uplink) -> None:
        async with FaultProxy("127.0.0.1", cloud.public_port) as proxy:
            tokens = (TOKEN, OTHER)
            routes = [uplink.route(proxy.port, one, via=Via.MQTT_GATEWAY) for one in tokens]
            await asyncio.gather(*(route.open() for route in routes))
            for token, route in zip(tokens, routes, strict=True):
                await route.send_live([Write("Name", (token,)), Write("Pump", ("1",))])
                cloud.write(token, "Name", f"to {token}")
            devices, below = cloud.devices, uplink.below
            await cloud.until(
                lambda: all(len(devices[one].taken) == 2 and below[one].writes for one in tokens)
            )
            for token in tokens:
                expected = [Taken("Name", (token,)), Taken("Pump", ("1",))]
                assert devices[token].taken == expected
                assert below[token].writes == [("Name", (f"to {token}",))]
            assert proxy.accepted == 1
            assert not cloud.faults
            await uplink.close()

    async def test_connection_lasts_as_long_as_somebody_uses_it(
        self, cloud: MqttCloud, uplink: Uplink
    ) -> None:
        async with FaultProxy("127.0.0.1", cloud.public_port) as proxy:
            first = await uplink.open(proxy.port, via=Via.MQTT_GATEWAY)
            second = await uplink.open(proxy.port, OTHER, via=Via.MQTT_GATEWAY)
            await first.close()
            cloud.write(TOKEN, "Level", "1")
            await second.send_live([Write("Level", ("2",))])
            await cloud.until(lambda: cloud.devices[OTHER].taken)
            assert not uplink.below[TOKEN].writes
            await second.close()
            third = await uplink.open(proxy.port, via=Via.MQTT_GATEWAY)
            await third.send_live([Write("Level", ("3",))])
            assert proxy.accepted == 2
            await uplink.close()

    async def test_end_is_told_to_all_and_one_new_connection_serves_them(
        self, cloud: MqttCloud, uplink: Uplink
    ) -> None:
        async with FaultProxy("127.0.0.1", cloud.public_port) as proxy:
            first = await uplink.open(proxy.port, via=Via.MQTT_GATEWAY)
            second = await uplink.open(proxy.port, OTHER, via=Via.MQTT_GATEWAY)
            proxy.cut()
            for route in (first, second):
                assert isinstance(await route.ended(), ServerDown)
            # Who is late to notice does not end the new one.
            again = await uplink.open(proxy.port, via=Via.MQTT_GATEWAY)
            await first.close()
            await second.close()
            other = await uplink.open(proxy.port, OTHER, via=Via.MQTT_GATEWAY)
            await again.send_live([Write("Level", ("1",))])
            await other.send_live([Write("Level", ("1",))])
            assert proxy.accepted == 2
            await uplink.close()

    async def test_fault_is_met_once_for_all_who_wait(self, uplink: Uplink) -> None:
        async with FaultProxy("127.0.0.1", free_port()) as proxy:
            routes = [uplink.route(proxy.port, one, via=Via.MQTT_GATEWAY) for one in (TOKEN, OTHER)]
            found = await asyncio.gather(
                *(route.open() for route in routes), return_exceptions=True
            )
            assert [type(one) for one in found] == [ServerDown, ServerDown]
            assert proxy.accepted == 1
            with pytest.raises(ServerDown):
                await routes[0].open()
            assert proxy.accepted == 2

    async def test_refused_device_leaves_the_connection_to_others(self, uplink: Uplink) -> None:
        async with Peer(WELCOME[ProtocolVersion.V3_1_1]) as peer:
            route = uplink.route(peer.port, via=Via.MQTT_GATEWAY)
            opening = asyncio.get_running_loop().create_task(route.open())
            await until(lambda: f"dev/{TOKEN}/downlink/#".encode() in peer.said)
            peer.say(b"\x90\x03\x00\x01\x01")
            await until(lambda: b"info/mcu" in peer.said)
            peer.say(b"\x40\x02\x00\x02")
            await opening
            other = uplink.route(peer.port, OTHER, via=Via.MQTT_GATEWAY)
            opening = asyncio.get_running_loop().create_task(other.open())
            await until(lambda: f"dev/{OTHER}/downlink/#".encode() in peer.said)
            peer.say(b"\x90\x03\x00\x03\x80")
            with pytest.raises(ServerRefused) as caught:
                await opening
            assert OTHER not in str(caught.value)
            sending = asyncio.get_running_loop().create_task(route.set_metadata("Serial", "1"))
            await until(lambda: b"meta/Serial" in peer.said)
            peer.say(b"\x40\x02\x00\x04")
            await sending
            await uplink.close()

    async def test_who_is_no_gateway_is_told_which_keys_to_correct(self, uplink: Uplink) -> None:
        async with Peer(b"\x20\x02\x00\x04", is_open=False) as peer:
            with pytest.raises(GatewayRefused):
                await uplink.open(peer.port, via=Via.MQTT_GATEWAY)

    async def test_credentials_of_its_own_are_used(self, uplink: Uplink) -> None:
        with MqttCloud({TOKEN: TYPES}, gateway=("client", "secret")) as cloud:
            route = await uplink.open(
                cloud.public_port,
                via=Via.MQTT_GATEWAY,
                username="client",
                password=Secret("secret"),
            )
            await route.send_live([Write("Level", ("1",))])
            await cloud.until(lambda: cloud.devices[TOKEN].taken)
