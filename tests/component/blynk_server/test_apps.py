from pathlib import Path

import pytest

from blynk_gateway.blynk_server.apps import TOLD_BURST, TOLD_PER_S, Apps
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import encode_frame
from tests.helpers.clock import FakeClock
from tests.helpers.devices import API, OTHER_TOKEN, Bench, Peer, running
from tests.helpers.wire import BLYNKLIB_INFO, CPP_INFO, PYTHON_0_INFO, TOKEN, Frame

ACON, ADIS = b"acon\0", b"adis\0"


async def told(peer: Peer) -> list[bytes]:
    """What a device is sent, by the time that it asks."""
    frames = await peer.fence()
    assert {one.command for one in frames} <= {Command.INTERNAL}
    return [one.body for one in frames]


async def test_every_connection_of_the_device_is_told_and_no_other(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.add("shed", OTHER_TOKEN)
        async with (
            await bench.log_in() as one,
            await bench.log_in() as two,
            await bench.log_in(OTHER_TOKEN) as other,
        ):
            await one.fence()
            await two.fence()
            bench.server.app_changed("greenhouse", True)
            bench.server.app_changed("greenhouse", False)
            assert await told(one) == await told(two) == [ACON, ADIS]
            assert await told(other) == []


async def test_each_app_that_comes_is_told_and_the_end_of_all_once(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            await peer.fence()
            for is_active in (False, True, True, False, False):
                bench.server.app_changed("greenhouse", is_active)
            assert await told(peer) == [ACON, ACON, ADIS]


async def test_a_device_that_comes_later_is_told_once_its_client_is_known(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.server.app_changed("greenhouse", True)
        async with await bench.log_in(info=None) as peer:
            bench.server.app_changed("greenhouse", True)
            assert await told(peer) == []
            peer.send(encode_frame(Command.INTERNAL, 2, CPP_INFO))
            assert await peer.receive() == Frame(Command.RESPONSE, 2, b"200")
            assert await told(peer) == [ACON]
        bench.server.app_changed("greenhouse", False)
        async with await bench.log_in() as peer:
            assert await told(peer) == []


async def test_a_connection_of_the_device_before_is_not_told(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            await peer.fence()
            bench.registry.remove("greenhouse", API)
            bench.add("greenhouse", OTHER_TOKEN)
            bench.server.app_changed("greenhouse", True)
            peer.write_pin(1, "x")
            assert await peer.ended() == b""


@pytest.mark.parametrize(
    ("info", "login", "body"),
    [
        (PYTHON_0_INFO, Command.HW_LOGIN, [ACON]),
        (BLYNKLIB_INFO, Command.LOGIN, [b"acon"]),
        (b"h-beat\x0010\0dev\0RPi\0cpu\0BCM2835", Command.LOGIN, []),
    ],
)
async def test_a_client_is_told_in_the_form_that_it_survives(
    tmp_path: Path, info: bytes, login: Command, body: list[bytes]
) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.server.app_changed("greenhouse", True)
        async with await bench.log_in(info=info, command=login) as peer:
            assert await told(peer) == body


async def test_a_client_with_the_gateways_own_token_is_told_too(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.registry.add(DeviceDefinition("pi", "Pi", TOKEN, DeviceSource.GATEWAY), API)
        bench.server.app_changed("pi", True)
        async with await bench.log_in() as peer:
            assert await told(peer) == [ACON]


async def test_another_device_of_the_same_name_has_no_app_yet(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.server.app_changed("greenhouse", True)
        bench.registry.remove("greenhouse", API)
        bench.server.app_changed("greenhouse", False)
        bench.add()
        async with await bench.log_in() as peer:
            assert await told(peer) == []


async def test_a_flood_of_apps_does_not_reach_the_device(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    async with running(Bench(tmp_path, clock=clock)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            await peer.fence()
            for _ in range(1000):
                bench.server.app_changed("greenhouse", True)
                bench.server.app_changed("greenhouse", False)
            assert await told(peer) == [ACON, ADIS] * TOLD_BURST
            assert caplog.messages.count("too many apps came; the device is not told") == 1
            clock.advance(1 / TOLD_PER_S)
            bench.server.app_changed("greenhouse", True)
            assert await told(peer) == [ACON]


async def test_devices_that_are_gone_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.blynk_server.apps.MAX_DEVICES", 2)
    apps, parts = Apps(), Bench(tmp_path)
    context = parts.server._context
    for number in range(5):
        slug = f"shed-{number}"
        device = parts.add(slug, f"token-{number}")
        apps.change(context, slug, is_active=True)
        parts.registry.remove(slug, API)
        assert len(apps._active) <= 2
        assert device in apps._active
