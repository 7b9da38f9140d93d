import ipaddress
import socket

import pytest

from blynk_gateway.runtime import lan


def test_a_host_that_is_listened_on_stands_for_itself() -> None:
    assert lan.lan_host("192.168.1.5") == "192.168.1.5"


@pytest.mark.parametrize("wildcard", ["0.0.0.0", "::"])  # noqa: S104  nothing listens here
def test_a_wildcard_is_the_address_packets_are_sent_from(
    monkeypatch: pytest.MonkeyPatch, wildcard: str
) -> None:
    # A route that every machine has.
    monkeypatch.setattr(lan, "_SOMEWHERE", ("127.0.0.1", 9))
    assert ipaddress.ip_address(lan.lan_host(wildcard)).is_loopback


def test_without_a_network_it_is_the_name_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan, "_SOMEWHERE", ("255.255.255.255", 9))
    assert lan.lan_host("::") == f"{socket.gethostname()}.local"
