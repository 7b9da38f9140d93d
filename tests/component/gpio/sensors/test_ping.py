"""Machines that answer, and those that do not, with a stand-in for the ping program."""

import asyncio
import shutil
from pathlib import Path

import pytest

from blynk_gateway.config.gpio.sensors import PingOptions
from blynk_gateway.errors import HardwareError
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sensors import ping
from blynk_gateway.gpio.sensors.ping import Ping, ask
from tests.helpers.gpio import Rig

# As iputils 20221126 said it without the right to send.
NOT_PERMITTED = """\
ping: socktype: SOCK_RAW
ping: socket: Operation not permitted
ping: => missing cap_net_raw+p capability or setuid?"""


def stand_in(folder: Path, script: str) -> str:
    """A program named ping that notes its arguments, and then runs a script of the shell."""
    program = folder / "ping"
    program.write_text(f'#!/bin/sh\necho "$LC_ALL $*" >>"{folder}/calls"\n{script}\n')
    program.chmod(0o755)
    return str(program)


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


def runs(folder: Path) -> bool:
    """Whether the program that left its process id in `pid` is still there."""
    return Path("/proc", (folder / "pid").read_text().strip()).exists()


def options(host: str = "router.lan", every_ms: int = 20) -> PingOptions:
    return PingOptions(name="router", type="ping", pin="V1", host=host, every_ms=every_ms)


@pytest.mark.parametrize(("status", "is_up"), [(0, True), (1, False)])
async def test_status_of_the_program_tells_whether_it_answered(
    tmp_path: Path, status: int, is_up: bool
) -> None:
    program = stand_in(tmp_path, f"exit {status}")
    assert await ask(program, "router.lan", 0.5) is is_up
    assert calls(tmp_path) == ["C -n -q -c 1 -W 0.5 -- router.lan"]


async def test_unknown_name_does_not_answer(tmp_path: Path) -> None:
    program = stand_in(tmp_path, "echo 'ping: router.lan: Name or service not known' >&2; exit 2")
    assert await ask(program, "router.lan", 1) is False


async def test_system_that_lets_nobody_ping_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    program = stand_in(tmp_path, f"echo '{NOT_PERMITTED}' >&2; exit 2")
    with pytest.raises(HardwareError, match=r"not permitted[\s\S]*ping_group_range"):
        await ask(program, "router.lan", 1)


async def test_program_that_hangs_is_ended_and_counts_as_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ping, "SPARE_S", 0.05)
    program = stand_in(tmp_path, f"echo $$ >{tmp_path}/pid; exec sleep 60")
    assert await ask(program, "router.lan", 1) is False
    assert not runs(tmp_path)


async def test_program_is_ended_when_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    program = stand_in(tmp_path, f"echo $$ >{tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; "
                                 "exec sleep 60")  # fmt: skip
    task = asyncio.ensure_future(ask(program, "router.lan", 60))
    with Rig() as rig:
        await rig.reached((tmp_path / "pid").exists)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert not runs(tmp_path)


async def test_peripheral_reports_at_start_and_each_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, f"test ! -e {tmp_path}/down")
    monkeypatch.setattr(shutil, "which", lambda name: str(tmp_path / name))
    with Rig() as rig:
        one = Ping(options(), rig.host)
        assert not one.actual
        one.open(Opening.START)
        await rig.reached(lambda: rig.values("V1") == ["1"])
        before = len(calls(tmp_path))
        await rig.reached(lambda: len(calls(tmp_path)) > before + 1)
        assert rig.values("V1") == ["1"]
        (tmp_path / "down").touch()
        await rig.reached(lambda: rig.values("V1") == ["1", "0"])
        assert one.actual == ("0",)
        await one.close()
        await one.close()
        assert not one.actual


@pytest.mark.parametrize(
    "host", ["", "-f", "--flood", "a b", "a;b", "router\n", "a" * 254, "$(id)", "/etc"]
)
async def test_host_that_is_no_name_or_address_does_not_open(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: str(tmp_path / name))
    with Rig() as rig, pytest.raises(HardwareError, match="Correct `host`"):
        Ping(options(host), rig.host).open(Opening.START)


@pytest.mark.parametrize("host", ["router.lan", "192.168.1.1", "::1", "fe80::1%eth0", "my_pc"])
async def test_names_and_addresses_of_all_kinds_open(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, "exit 0")
    monkeypatch.setattr(shutil, "which", lambda name: str(tmp_path / name))
    with Rig() as rig:
        one = Ping(options(host), rig.host)
        one.open(Opening.START)
        await rig.reached(lambda: rig.values("V1") == ["1"])
        await one.close()
    assert calls(tmp_path)[0].endswith(f"-- {host}")


async def test_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with Rig() as rig, pytest.raises(HardwareError, match="sudo apt install iputils-ping"):
        Ping(options(), rig.host).open(Opening.START)


@pytest.mark.parametrize("script", [None, f"echo '{NOT_PERMITTED}' >&2; exit 2"])
async def test_program_that_cannot_do_its_work_is_a_failure_of_the_peripheral(
    script: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if script is not None:
        stand_in(tmp_path, script)
    monkeypatch.setattr(shutil, "which", lambda name: str(tmp_path / name))
    with Rig() as rig:
        one = Ping(options(), rig.host)
        one.open(Opening.START)
        await rig.reached(lambda: len(rig.failures) == 1)
        assert rig.failures[0][0] == "router"
        await one.close()
        assert rig.values("V1") == []
