from collections.abc import Callable

import pytest

from blynk_gateway.config import Options

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]


@pytest.mark.parametrize(
    ("listen", "listen_tls"),
    [
        (["127.0.0.1:80", "127.0.0.2:80"], []),
        (["0.0.0.0:80", "[::]:80"], []),
        (["localhost:0", "localhost:0"], ["localhost:0"]),
        (["0.0.0.0:80"], ["0.0.0.0:443"]),
        ([], ["0.0.0.0:443"]),
        (["localhost:80", "shed.local:80"], []),
    ],
)
def test_addresses_that_can_be_listened_to_at_once_are_fine(
    options_of: OptionsOf, listen: list[str], listen_tls: list[str]
) -> None:
    server = options_of(f"server: {{listen: {listen}, listen_tls: {listen_tls}}}").server
    assert [str(address) for address in server.listen + server.listen_tls] == listen + listen_tls


@pytest.mark.parametrize(
    ("listen", "listen_tls"),
    [
        (["127.0.0.1:80", "127.0.0.1:80"], []),
        (["0.0.0.0:80", "127.0.0.1:80"], []),
        (["[::1]:80", "[::]:80"], []),
        (["Shed.local:80"], ["shed.local:80"]),
        (["[::1]:80"], ["[0:0:0::1]:80"]),
    ],
)
def test_address_taken_twice_is_a_fault(
    faults_of: FaultsOf, listen: list[str], listen_tls: list[str]
) -> None:
    (fault,) = faults_of(f"server: {{listen: {listen}, listen_tls: {listen_tls}}}")
    assert "does not take" in fault


def test_address_that_a_default_takes_is_a_fault(faults_of: FaultsOf) -> None:
    assert faults_of('server: {listen_tls: ["127.0.0.1:8080"]}') == [
        "gateway.yaml:1: server.listen_tls: found 127.0.0.1:8080, expected one that server.listen"
        " (0.0.0.0:8080) does not take"
    ]


def test_faulty_address_is_not_called_a_missing_one(faults_of: FaultsOf) -> None:
    (fault,) = faults_of("server: {listen: [x], listen_tls: []}")
    assert fault.startswith("gateway.yaml:1: server.listen[0]: ")


@pytest.mark.parametrize(("given", "missing"), [("cert", "key"), ("key", "cert")])
def test_certificate_and_key_go_together(faults_of: FaultsOf, given: str, missing: str) -> None:
    # The configuration file stands in for a PEM file: it is there and can be read.
    assert faults_of(f"server: {{tls: {{{given}: gateway.yaml}}}}") == [
        f"gateway.yaml:1: server.tls.{missing}: found none, expected a file:"
        " cert and key go together"
    ]


def test_faulty_key_is_not_called_missing(faults_of: FaultsOf) -> None:
    (fault,) = faults_of("server: {tls: {cert: gateway.yaml, key: none.pem}}")
    assert fault.startswith('gateway.yaml:1: server.tls.key: found "none.pem"')


def test_token_of_another_device_or_the_gateway_is_a_fault(faults_of: FaultsOf) -> None:
    assert faults_of(
        "gateway: {token: a}\ndevices:\n  one: {token: b}\n  two: {token: b}\n  three: {token: a}\n"
    ) == [
        "gateway.yaml:4: devices.two.token: found the token of devices.one (line 3),"
        " expected one of its own",
        "gateway.yaml:5: devices.three.token: found the token of gateway (line 1),"
        " expected one of its own",
    ]


def test_device_cannot_have_the_slug_of_the_gateway(faults_of: FaultsOf) -> None:
    (fault,) = faults_of("gateway: {slug: shed}\ndevices: {shed: {token: a}, pi: {token: b}}")
    assert fault.startswith("gateway.yaml:2: devices.shed: found the slug of the gateway itself")


def test_slug_that_topics_of_the_gateway_have_is_a_fault(faults_of: FaultsOf) -> None:
    text = "found bridge, which topics of the gateway itself have; expected another slug"
    assert faults_of("devices: {bridge: {token: a}}") == [f"gateway.yaml:1: devices.bridge: {text}"]
    assert faults_of("gateway: {slug: bridge}") == [f"gateway.yaml:1: gateway.slug: {text}"]


def test_faulty_template_and_device_still_count_as_declared(faults_of: FaultsOf) -> None:
    faults = faults_of(
        "templates: {all: 5}\n"
        "devices: {shed: {token: a, template: all}, hut: {token: b c}}\n"
        "links: [{from: hut/V1, to: shed/V1}]\n"
    )
    assert [fault.split(": ")[1] for fault in faults] == ["templates.all", "devices.hut.token"]


def test_links_of_the_gateway_and_in_both_directions_are_fine(options_of: OptionsOf) -> None:
    text = "devices: {shed: {token: a}}\n"
    links = "links: [{from: pi/V1, to: shed/v2}, {from: SHED/V2, to: pi/V1}]"
    assert [str(link) for link in options_of(text + links).links] == [
        "pi/V1 -> shed/V2",
        "shed/V2 -> pi/V1",
    ]


def test_link_is_told_the_line_it_stands_in(faults_of: FaultsOf) -> None:
    assert faults_of("links:\n- {from: x}\n- {from: pi/V1, to: pi/V1}\n")[-1] == (
        "gateway.yaml:3: links: found pi/V1 -> pi/V1, expected another pin to write to"
    )
