"""What is wrong with one server above."""

from collections.abc import Callable

import pytest

from blynk_gateway.config import Options

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

DEVICES = "devices: {pi: {token: t, pins: {V1: A1}}}"


def text_of(keys: str, devices: str = DEVICES) -> str:
    return f"upstream: {{a: {{{keys}, {devices}}}}}"


def warnings_of(options: Options) -> list[str]:
    return [warning.partition("gateway.yaml:1: upstream.")[2] for warning in options.warnings]


@pytest.mark.parametrize(
    ("via", "given", "key", "ways"),
    [
        ("tcp", "poll: 1m", "poll", "https"),
        ("mqtt", "poll: never", "poll", "https"),
        ("https", "heartbeat: 30s", "heartbeat", "tcp or mqtt or mqtt-gateway"),
        ("tcp", "username: x", "username", "mqtt-gateway"),
        ("mqtt", "password: x", "password", "mqtt-gateway"),
    ],
)
def test_key_that_nothing_would_read_is_a_fault(
    faults_of: FaultsOf, via: str, given: str, key: str, ways: str
) -> None:
    assert faults_of(text_of(f"server: nas, via: {via}, {given}")) == [
        f"gateway.yaml:1: upstream.a.{key}: found beside via {via}, expected only with {ways}"
    ]


@pytest.mark.parametrize(
    "keys",
    [
        "via: https, poll: 1m",
        "via: tcp, heartbeat: 30s",
        "via: mqtt-gateway, username: x, password: y",
        "via: mqtt-gateway",
        # As `check-config --print` shows it.
        "via: tcp, poll: 5m, username: null",
    ],
)
def test_key_that_is_read_is_fine(options_of: OptionsOf, keys: str) -> None:
    assert options_of(text_of(f"server: nas, {keys}")).warnings == ()


def test_way_that_is_misspelt_is_the_only_fault(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(text_of("server: nas, via: http, poll: 1m, username: x"))
    assert fault.startswith('gateway.yaml:1: upstream.a.via: found "http", expected one of tcp')
    assert fault.endswith('did you mean "https"?')


@pytest.mark.parametrize(("has", "lacks"), [("username", "password"), ("password", "username")])
def test_user_and_password_go_together(faults_of: FaultsOf, has: str, lacks: str) -> None:
    assert faults_of(text_of(f"server: nas, via: mqtt-gateway, {has}: hidden")) == [
        f"gateway.yaml:1: upstream.a.{has}: found it without {lacks}, expected both or none"
    ]


def test_password_that_cannot_be_read_is_not_called_missing(faults_of: FaultsOf) -> None:
    keys = "server: nas, via: mqtt-gateway, username: x, password_file: gone"
    (fault,) = faults_of(text_of(keys))
    assert "upstream.a.password_file" in fault


def test_server_needs_a_device(faults_of: FaultsOf) -> None:
    assert faults_of(text_of("server: nas", "devices: {}")) == [
        "gateway.yaml:1: upstream.a.devices: found none, expected one at least"
    ]
    (fault,) = faults_of(text_of("server: nas", "devices: {pi: {token: t}}"))
    assert fault.startswith("gateway.yaml:1: upstream.a.devices.pi: found no pins")


@pytest.mark.parametrize("token", ["a+b", "#"])
def test_token_that_makes_no_topic_is_a_fault(
    faults_of: FaultsOf, options_of: OptionsOf, token: str
) -> None:
    devices = f"devices: {{pi: {{token: '{token}', pins: {{V1: A1}}}}}}"
    (fault,) = faults_of(text_of("server: nas, via: mqtt-gateway", devices))
    assert fault.startswith("gateway.yaml:1: upstream.a.devices.pi.token: found + or # in it")
    assert options_of(text_of("server: nas, via: mqtt", devices)).warnings == ()


@pytest.mark.parametrize(
    ("keys", "warning"),
    [
        ("server: 'nas:8080'", "8080, which servers have without TLS, but tls is on"),
        ("server: 'nas:1883', via: mqtt", "1883, which servers have without TLS, but tls is on"),
        ("server: 'nas:9443', tls: false", "9443, which servers have with TLS, but tls is off"),
    ],
)
def test_port_of_the_other_kind_is_a_warning(
    options_of: OptionsOf, keys: str, warning: str
) -> None:
    assert warnings_of(options_of(text_of(keys))) == [f"a.server: warning: found port {warning}"]


@pytest.mark.parametrize("keys", ["server: 'nas:8080', tls: false", "server: 'nas:9443'"])
def test_port_that_fits_is_fine(options_of: OptionsOf, keys: str) -> None:
    assert options_of(text_of(keys)).warnings == ()


@pytest.mark.parametrize(
    ("host", "is_public"),
    [
        ("blynk.cloud", True),
        ("8.8.8.8", True),
        ("[2606:4700::1]", True),
        ("nas", False),
        ("nas.local", False),
        ("Nas.Fritz.BOX.", False),
        ("192.168.1.5", False),
        ("[fd00::5]", False),
    ],
)
def test_tokens_in_plain_text_on_the_internet_are_a_warning(
    options_of: OptionsOf, host: str, *, is_public: bool
) -> None:
    warnings = warnings_of(options_of(text_of(f'server: "{host}", tls: false')))
    assert [one.partition(", but")[0] for one in warnings] == ["a.tls: warning: found false"] * (
        1 if is_public else 0
    )
    assert options_of(text_of(f'server: "{host}"')).warnings == ()


@pytest.mark.parametrize(("budget", "is_small"), [("30/month", True), ("31/month", False)])
def test_budget_of_less_than_a_message_a_day_is_a_warning(
    options_of: OptionsOf, budget: str, *, is_small: bool
) -> None:
    warnings = warnings_of(options_of(text_of(f"server: nas, budget: {budget}")))
    text = "a.budget: warning: found 30/month, which is less than one message a day"
    assert warnings == ([text] if is_small else [])
