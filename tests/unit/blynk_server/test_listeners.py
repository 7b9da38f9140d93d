import errno
import os
import socket

import pytest

from blynk_gateway.blynk_server.kept_sockets import KeptSockets
from blynk_gateway.blynk_server.listeners import (
    AddressUnavailable,
    Listeners,
    bind_new,
    bound_address,
    close_all,
    refuse_twice,
)
from blynk_gateway.config.options import Address
from blynk_gateway.runtime.descriptors import Descriptors
from tests.helpers.other_process import listening_process

FRESH = KeptSockets(Descriptors())
ANYWHERE = "0.0.0.0"  # noqa: S104  what the tests are about


def bound(listeners: Listeners) -> list[Address]:
    return [bound_address(sock) for sockets in listeners.values() for sock in sockets]


def test_all_addresses_are_bound_or_none() -> None:
    with listening_process() as (pid, port):
        addresses = [Address("127.0.0.1", 0), Address("127.0.0.1", port)]
        with pytest.raises(AddressUnavailable, match=f"in use by process {pid} "):
            bind_new(addresses, (), "server.listen", FRESH)


def test_what_only_a_restart_can_change_is_told_so() -> None:
    listeners = bind_new([Address(ANYWHERE, 0)], (), "server.listen", FRESH)
    ((sock,),) = listeners.values()
    sock.listen()
    narrower = Address("127.0.0.1", bound_address(sock).port)
    with pytest.raises(AddressUnavailable, match="systemctl restart blynk-gateway"):
        bind_new([narrower], (), "server.listen", FRESH)
    close_all(listeners)


def test_a_host_name_is_resolved() -> None:
    listeners = bind_new([Address("localhost", 0)], (), "server.listen", FRESH)
    assert {address.host for address in bound(listeners)} <= {"127.0.0.1", "::1"}
    close_all(listeners)


def test_two_names_of_one_address_are_refused() -> None:
    with socket.socket() as one, socket.socket() as other:
        for sock in (one, other):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
        other.bind(("127.0.0.1", port))
        named, numbered = Address("localhost", port), Address("127.0.0.1", port)
        refuse_twice([(named, [one])])
        text = f"127.0.0.1:{port} and localhost:{port} are the same address"
        with pytest.raises(AddressUnavailable, match=text):
            refuse_twice([(named, [one]), (numbered, [other])])


def test_what_is_bound_already_is_left_alone() -> None:
    addresses = [Address("127.0.0.1", 0), Address("127.0.0.1", 1)]
    listeners = bind_new(addresses, {addresses[1]}, "server.listen", FRESH)
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
        bind_new([Address(host, 0)], (), "server.listen", FRESH)


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
        bind_new([Address(ANYWHERE, 80)], (), "server.listen", FRESH)


def test_an_ipv6_any_address_leaves_ipv4_to_its_own_entry() -> None:
    probe = bind_new([Address(ANYWHERE, 0)], (), "server.listen", FRESH)
    port = bound(probe)[0].port
    close_all(probe)
    addresses = [Address(ANYWHERE, port), Address("::", port)]
    listeners = bind_new(addresses, (), "server.listen", FRESH)
    assert bound(listeners) == addresses
    close_all(listeners)
