import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blynk_gateway.runtime.sdnotify import ServiceManager

SENDS: dict[str, tuple[Callable[[ServiceManager], None], bytes]] = {
    "ready": (lambda manager: manager.ready("2 devices"), b"READY=1\nSTATUS=2 devices"),
    "reloading": (
        lambda manager: manager.reloading(12.5),
        b"RELOADING=1\nMONOTONIC_USEC=12500000",
    ),
    "stopping": (lambda manager: manager.stopping(), b"STOPPING=1"),
}


@pytest.fixture
def notify(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(5)
        yield receiver


@pytest.mark.parametrize(("send", "datagram"), SENDS.values(), ids=SENDS)
def test_each_message_is_one_datagram(
    notify: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    send: Callable[[ServiceManager], None],
    datagram: bytes,
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", notify.getsockname())
    send(ServiceManager())
    assert notify.recv(1000) == datagram


def test_an_address_with_an_at_sign_is_an_abstract_socket(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The path makes the name this test's own.
    name = str(tmp_path)[-80:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(f"\0{name}")
        receiver.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        ServiceManager().stopping()
        assert receiver.recv(1000) == b"STOPPING=1"


def test_without_a_service_manager_nothing_is_sent(
    notify: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    for send, _ in SENDS.values():
        send(ServiceManager())
    notify.setblocking(False)
    with pytest.raises(BlockingIOError):
        notify.recv(1000)


def test_a_service_manager_that_is_gone_disturbs_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    ServiceManager().ready("on my own")
