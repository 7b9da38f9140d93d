from collections.abc import Callable

import pytest

from blynk_gateway.config.fault import found
from blynk_gateway.config.upstream.options import Server
from blynk_gateway.config.upstream.server import SERVER, parse_server

FaultsOf = Callable[[str], list[str]]

REST = "devices: {pi: {token: t, pins: [V1]}}"


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("blynk.cloud", Server("blynk.cloud")),
        ("192.168.1.5:8080", Server("192.168.1.5", 8080)),
        ("nas", Server("nas")),
        ("[fd00::5]", Server("fd00::5")),
        ("[fd00:0::5]:9443", Server("fd00::5", 9443)),
    ],
)
def test_server_has_a_host_and_perhaps_a_port(text: str, server: Server) -> None:
    assert parse_server(text) == server
    assert parse_server(str(server)) == server
    assert SERVER.flow(server) == f'"{server}"'


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        ("https://blynk.cloud/external/api", "blynk.cloud"),
        ("mqtts://nas:8883", "nas:8883"),
        ("blynk.cloud/", "blynk.cloud"),
        ("fd00::5", "[fd00::5]"),
        ("nas :80", ""),
        ("nas:0", ""),
        ("nas:65536", ""),
        ("nas:http", ""),
        ("[nas]:80", ""),
        ("300.1.1.1", ""),
        ("-nas", ""),
    ],
)
def test_other_texts_are_told_what_was_likely_meant(
    faults_of: FaultsOf, text: str, likely: str
) -> None:
    (fault,) = faults_of(f'upstream: {{a: {{server: "{text}", {REST}}}}}')
    expected = "a host with or without a port, such as blynk.cloud or 192.168.1.5:8080"
    hint = f'; did you mean "{likely}"?' if likely else ""
    assert fault == (
        f"gateway.yaml:1: upstream.a.server: found {found(text)}, expected {expected}{hint}"
    )
