import logging
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blynk_gateway.blynk_server.kept_sockets import Endpoint, KeptSockets, find_endpoint
from blynk_gateway.blynk_server.listeners import (
    AddressUnavailable,
    bind_new,
    close_all,
    endpoints,
)
from blynk_gateway.config.options import Address
from blynk_gateway.runtime.descriptors import Descriptors
from tests.helpers.descriptor_store import DescriptorStore, close_copies

KEY = "server.listen"


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DescriptorStore]:
    async with DescriptorStore(tmp_path, monkeypatch) as store:
        yield store


def listening(host: str = "127.0.0.1", port: int = 0, *, only_v6: bool = True) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ":" in host:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(only_v6))
    sock.bind((host, port))
    sock.listen()
    return sock


def address(sock: socket.socket) -> Address:
    return Address(*sock.getsockname()[:2])


async def handed_over(store: DescriptorStore, sock: socket.socket) -> Descriptors:
    """What the next process has when this one listened."""
    before = store.descriptors()
    KeptSockets(before).keep(sock)
    await store.told()
    close_copies(before)
    sock.close()
    return store.descriptors()


async def test_a_connection_waits_for_the_next_process(store: DescriptorStore) -> None:
    sock = listening()
    where = address(sock)
    descriptors = await handed_over(store, sock)
    with socket.create_connection(where) as waiting:
        waiting.sendall(b"hello")
        listeners = bind_new([where], (), KEY, KeptSockets(descriptors))
        accepted, _ = listeners[where][0].accept()
        with accepted:
            assert accepted.recv(10) == b"hello"
    close_all(listeners)
    close_copies(descriptors)


async def test_what_was_handed_over_is_not_kept_twice(store: DescriptorStore) -> None:
    sock = listening("::1")
    where = address(sock)
    descriptors = await handed_over(store, sock)
    assert list(store.stored) == [f"listen-..1-{where.port}"]
    kept = KeptSockets(descriptors)
    listeners = bind_new([where], (), KEY, kept)
    kept.keep(listeners[where][0])
    await store.told()
    assert len(store.stored) == len(descriptors.kept("")) == 1
    close_all(listeners)
    close_copies(descriptors)


@pytest.mark.parametrize(
    ("host", "only_v6", "wanted", "is_same"),
    [
        ("127.0.0.1", True, ["127.0.0.1"], True),
        ("127.0.0.1", True, ["0.0.0.0"], False),  # noqa: S104  compared only
        ("::", False, ["::"], True),
        ("::", True, ["::"], False),
        ("::", True, ["::", "0.0.0.0"], True),  # noqa: S104  compared only
    ],
)
async def test_a_socket_is_known_by_address_and_kind(
    store: DescriptorStore, host: str, only_v6: bool, wanted: list[str], is_same: bool
) -> None:
    sock = listening(host, only_v6=only_v6)
    port = address(sock).port
    descriptors = await handed_over(store, sock)
    kept = KeptSockets(descriptors)
    first, *_ = endpoints([Address(one, port) for one in wanted], KEY)
    found = kept.take(first)
    assert (found is not None) is is_same
    if found is not None:
        os.close(found)
    close_copies(descriptors)


async def test_what_nobody_names_any_more_is_shut_at_once(store: DescriptorStore) -> None:
    sock = listening()
    where = address(sock)
    descriptors = await handed_over(store, sock)
    # As systemd has until it gets to closing it.
    copy = os.dup(next(iter(store.stored.values())))
    kept = KeptSockets(descriptors)
    await kept.forget_others([])
    assert (store.stored, descriptors.kept("")) == ({}, {})
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(where)
    # It is in nobody's way: not in that of an address that includes it either.
    listeners = bind_new([where], (), KEY, kept)
    listeners[where][0].listen()
    socket.create_connection(where).close()
    close_all(listeners)
    os.close(copy)


async def test_what_is_wanted_is_left_alone(store: DescriptorStore) -> None:
    sock = listening()
    where = address(sock)
    descriptors = await handed_over(store, sock)
    await KeptSockets(descriptors).forget_others(endpoints([where], KEY))
    socket.create_connection(where).close()
    close_copies(descriptors)


async def test_a_socket_units_own_is_used_and_never_forgotten(
    store: DescriptorStore, caplog: pytest.LogCaptureFixture
) -> None:
    sock = listening()
    descriptors = store.descriptors(("blynk-gateway.socket", sock.fileno()))
    kept = KeptSockets(descriptors)
    listeners = bind_new([address(sock)], (), KEY, kept)
    kept.keep(listeners[address(sock)][0])
    await store.told()
    assert store.stored == {}
    close_all(listeners)
    with caplog.at_level(logging.WARNING):
        await kept.forget_others([])
    assert "socket unit listens where the configuration does not" in caplog.text
    socket.create_connection(address(sock)).close()
    close_copies(descriptors)
    sock.close()


async def test_a_socket_unit_in_the_way_is_named(store: DescriptorStore) -> None:
    sock = listening("::", only_v6=False)
    port = address(sock).port
    descriptors = store.descriptors(("blynk-gateway.socket", sock.fileno()))
    loopback = Address("127.0.0.1", port)
    with pytest.raises(AddressUnavailable) as refused:
        bind_new([loopback], (), KEY, KeptSockets(descriptors))
    assert str(refused.value) == (
        f"server.listen: {loopback} is in use by blynk-gateway.socket, which listens on"
        f" [::]:{port}; expected the same address in both:"
        " sudo systemctl edit blynk-gateway.socket"
    )
    close_copies(descriptors)
    sock.close()


async def test_what_is_no_listening_tcp_socket_is_of_no_use(store: DescriptorStore) -> None:
    reading, writing = os.pipe()
    connected, far = socket.socketpair()
    datagram = socket.socket(type=socket.SOCK_DGRAM)
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    files = [reading, connected.fileno(), datagram.fileno(), silent.fileno()]
    before = os.listdir("/proc/self/fd")  # noqa: PTH208  numbers, not paths
    assert [find_endpoint(fd) for fd in files] == [None] * 4
    descriptors = store.descriptors(*((f"listen-{fd}", fd) for fd in files))
    kept = KeptSockets(descriptors)
    assert kept.take(Endpoint(socket.AF_INET, silent.getsockname(), is_only_v6=False)) is None
    store.stored = {f"listen-{fd}": os.dup(fd) for fd in files}
    await kept.forget_others([])
    assert store.stored == {}
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208  likewise
    for one in (connected, far, datagram, silent):
        one.close()
    os.close(reading)
    os.close(writing)
