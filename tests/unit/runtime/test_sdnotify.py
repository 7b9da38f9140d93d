import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blynk_gateway.runtime import sdnotify
from blynk_gateway.runtime.sdnotify import ServiceManager
from blynk_gateway.runtime.tasks import spawn
from tests.helpers.patience import PATIENCE_S

SENDS: dict[str, tuple[Callable[[ServiceManager], None], bytes]] = {
    "ready": (lambda manager: manager.ready("2 devices"), b"READY=1\nSTATUS=2 devices"),
    "status": (lambda manager: manager.status("3 devices"), b"STATUS=3 devices"),
    # A status has texts of others in it, such as what a broker complains of.
    "status with a message in it": (
        lambda manager: manager.status("pump: \x1b[2J\udc80 café\nSTOPPING=1"),
        "STATUS=pump:  [2J  café STOPPING=1".encode(),
    ),
    "ready with a message in it": (
        lambda manager: manager.ready("pump\nMAINPID=1"),
        b"READY=1\nSTATUS=pump MAINPID=1",
    ),
    "reloading": (
        lambda manager: manager.reloading(12.5),
        b"RELOADING=1\nMONOTONIC_USEC=12500000",
    ),
    "stopping": (lambda manager: manager.stopping(), b"STOPPING=1"),
    "alive": (lambda manager: manager.alive(), b"WATCHDOG=1"),
}

# No test's process.
OTHER_PID = 4_194_304


@pytest.fixture
def notify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(PATIENCE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", receiver.getsockname())
        yield receiver


def received(notify: socket.socket) -> tuple[bytes, list[int]]:
    text, descriptors, _, _ = socket.recv_fds(notify, 1000, 4)
    return text, descriptors


def fill(notify: socket.socket) -> None:
    """Leave no room in its queue."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                sender.sendto(b"x", notify.getsockname())


@pytest.mark.parametrize(("send", "datagram"), SENDS.values(), ids=SENDS)
def test_each_message_is_one_datagram(
    notify: socket.socket, send: Callable[[ServiceManager], None], datagram: bytes
) -> None:
    manager = ServiceManager()
    assert manager.is_there
    send(manager)
    assert received(notify) == (datagram, [])


def test_an_address_with_an_at_sign_is_an_abstract_socket(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The path makes the name this test's own.
    name = str(tmp_path)[-80:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(f"\0{name}")
        receiver.settimeout(PATIENCE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        ServiceManager().stopping()
        assert receiver.recv(1000) == b"STOPPING=1"


async def test_the_manager_is_asked_for_patience_as_long_as_something_takes(
    notify: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sdnotify, "PATIENCE_EVERY_S", 0.01)
    loop = asyncio.get_running_loop()
    notify.setblocking(False)
    async with ServiceManager().patience():
        for _ in range(3):
            async with asyncio.timeout(PATIENCE_S):
                assert await loop.sock_recv(notify, 1000) == b"EXTEND_TIMEOUT_USEC=20000000"
                assert await loop.sock_recv(notify, 1000) == b"WATCHDOG=1"
    with contextlib.suppress(BlockingIOError):
        while True:
            notify.recv(1000)
    await asyncio.sleep(0.03)
    with pytest.raises(BlockingIOError):
        notify.recv(1000)


async def test_patience_has_an_end(notify: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdnotify, "PATIENCE_EVERY_S", 0.001)
    monkeypatch.setattr(sdnotify, "PATIENCE_AT_MOST_S", 0.002)
    loop = asyncio.get_running_loop()
    notify.setblocking(False)
    async with ServiceManager().patience():
        for _ in range(4):
            await loop.sock_recv(notify, 1000)
        await asyncio.sleep(0.02)
        with pytest.raises(BlockingIOError):
            notify.recv(1000)


async def test_without_a_service_manager_nothing_is_sent(
    notify: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET")
    manager = ServiceManager()
    assert not manager.is_there
    for send, _ in SENDS.values():
        send(manager)
    manager.keep("a", 0)
    async with manager.patience():
        await asyncio.sleep(0)
    await manager.forget("a")
    notify.setblocking(False)
    with pytest.raises(BlockingIOError):
        notify.recv(1000)


def test_a_service_manager_that_is_gone_disturbs_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    manager = ServiceManager()
    manager.alive()
    assert caplog.record_tuples == []
    manager.ready("on my own")
    assert caplog.messages == ["service manager not reached"]


def test_a_service_manager_that_does_not_read_is_waited_for_only_with_what_must_arrive(
    notify: socket.socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sdnotify, "SEND_WITHIN_S", 0.01)
    fill(notify)
    manager = ServiceManager()
    manager.status("busy")
    manager.alive()
    assert caplog.messages == []
    manager.ready("busy")
    assert caplog.messages == ["service manager not reached"]


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [
        pytest.param("30000000", None, 30.0, id="anybody's"),
        pytest.param("500000", str(os.getpid()), 0.5, id="ours"),
        pytest.param("30000000", str(OTHER_PID), None, id="another's"),
        pytest.param("0", None, None, id="off"),
        pytest.param("soon", None, None, id="no number"),
        pytest.param("", None, None, id="none"),
    ],
)
@pytest.mark.usefixtures("notify")
def test_the_watchdog_is_ours_if_it_names_no_other_process(
    monkeypatch: pytest.MonkeyPatch, usec: str, pid: str | None, expected: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    if pid is None:
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
    else:
        monkeypatch.setenv("WATCHDOG_PID", pid)
    assert ServiceManager().watchdog_s == expected


def test_without_a_service_manager_there_is_no_watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert ServiceManager().watchdog_s is None


def test_a_kept_descriptor_is_the_same_open_file(notify: socket.socket) -> None:
    reading, writing = os.pipe()
    ServiceManager().keep("gpio-17", writing)
    os.close(writing)
    text, (copy,) = received(notify)
    assert text == b"FDSTORE=1\nFDNAME=gpio-17\nFDPOLL=0"
    os.write(copy, b"still open")
    os.close(copy)
    assert os.read(reading, 100) == b"still open"
    os.close(reading)


async def test_a_descriptor_is_forgotten_when_the_manager_has_worked_through_it(
    notify: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    forgetting = spawn(ServiceManager().forget("gpio-17"), name="forget")
    await asyncio.sleep(0)
    assert received(notify) == (b"FDSTOREREMOVE=1\nFDNAME=gpio-17", [])
    text, (barrier,) = received(notify)
    assert text == b"BARRIER=1"
    assert not forgetting.done()
    os.close(barrier)
    await forgetting
    assert caplog.messages == []


async def test_a_manager_that_hangs_is_waited_for_no_longer_than_the_limit(
    notify: socket.socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sdnotify, "BARRIER_S", 0.01)
    await ServiceManager().forget("gpio-17")
    assert [(one.levelno, one.getMessage()) for one in caplog.records] == [
        (logging.WARNING, "service manager does not answer")
    ]
    assert received(notify)[0].startswith(b"FDSTOREREMOVE=1")
    for descriptor in received(notify)[1]:
        os.close(descriptor)
