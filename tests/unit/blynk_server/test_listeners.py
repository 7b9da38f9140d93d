import errno
import os
import socket

import pytest

from blynk_gateway.blynk_server.listeners import (
    AddressUnavailable,
    Listeners,
    bind_new,
    bound_address,
    close_all,
)
from blynk_gateway.config.options import Address

ANYWHERE = "0.0.0.0"  # noqa: S104  what the tests are about


def bound(listeners: Listeners) -> list[Address]:
    return [bound_address(sock) for sockets in listeners.values() for sock in sockets]


def test_all_addresses_are_bound_or_none() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        addresses = [Address("127.0.0.1", 0), Address("127.0.0.1", port)]
        with pytest.raises(AddressUnavailable, match=f"in use by process {os.getpid()} "):
            bind_new(addresses, (), "server.listen")


def test_a_host_name_is_resolved() -> None:
    listeners = bind_new([Address("localhost", 0)], (), "server.listen")
    assert {address.host for address in bound(listeners)} <= {"127.0.0.1", "::1"}
    close_all(listeners)


def test_what_is_bound_already_is_left_alone() -> None:
    addresses = [Address("127.0.0.1", 0), Address("127.0.0.1", 1)]
    listeners = bind_new(addresses, {addresses[1]}, "server.listen")
    assert list(listeners) == addresses[:1]
    close_all(listeners)


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("192.0.2.77", "is no address of this machine; expected one of its own"),
        ("no such host", "is no address of this machine"),
    ],
)
def test_a_foreign_address_is_explained(host: str, text: str) -> None:
    with pytest.raises(AddressUnavailable, match=text):
        bind_new([Address(host, 0)], (), "server.listen")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.EACCES, "server.listen: 0.0.0.0:80 is not permitted"),
        (errno.EADDRINUSE, "is in use by another program"),
        (errno.ENOBUFS, "cannot listen on 0.0.0.0:80: No buffer space available"),
    ],
)
def test_other_faults_are_explained(
    monkeypatch: pytest.MonkeyPatch, number: int, text: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", refuse)
    monkeypatch.setattr("blynk_gateway.blynk_server.listeners._listening_inodes", lambda _: [])
    with pytest.raises(AddressUnavailable, match=text):
        bind_new([Address(ANYWHERE, 80)], (), "server.listen")


def test_an_ipv6_any_address_leaves_ipv4_to_its_own_entry() -> None:
    probe = bind_new([Address(ANYWHERE, 0)], (), "server.listen")
    port = bound(probe)[0].port
    close_all(probe)
    addresses = [Address(ANYWHERE, port), Address("::", port)]
    listeners = bind_new(addresses, (), "server.listen")
    assert bound(listeners) == addresses
    close_all(listeners)
