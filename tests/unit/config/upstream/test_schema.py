"""The section `upstream`: what it takes, and what it says of what it does not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options, as_yaml, effective
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.upstream.options import (
    BacklogOptions,
    BudgetOptions,
    MappedPin,
    MappingOptions,
    UpstreamOptions,
    UpstreamTlsOptions,
    Via,
)
from blynk_gateway.core.address import PinAddress

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

EVERYTHING = """
devices: {shed: {token: lan}}
upstream:
  cloud:
    enabled: false
    server: "nas:8884"
    tls: {ca: token}
    via: mqtt-gateway
    budget: {month: 90000, day: 4000}
    rate: 5
    heartbeat: 30s
    backlog: {keep: 7d, points_per_day: 500}
    username: me
    password_file: token
    devices:
      shed:
        token_file: token
        pins: {V5: {to: Rain, dead_band: 0.5, min_interval: 1m}}
        events: false
        metadata: [Location, Owner]
        template_id: TMPL0123456
"""
DEVICES = "devices: {pi: {token: t, pins: [V1]}}"


def one(options: Options) -> UpstreamOptions:
    (found,) = options.upstream.values()
    return found


def text_of(keys: str) -> str:
    return f"upstream: {{a: {{server: nas, {keys}, {DEVICES}}}}}"


def test_every_key_reaches_the_options(options_of: OptionsOf, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("correct-horse\n")
    options = options_of(EVERYTHING)
    secret = Secret("correct-horse")
    pin = MappedPin(PinAddress("shed", "V5"), "Rain", 0.5, 60_000)
    assert one(options) == UpstreamOptions(
        name="cloud",
        enabled=False,
        host="nas",
        port=8884,
        tls=UpstreamTlsOptions(tmp_path / "token"),
        via=Via.MQTT_GATEWAY,
        budget=BudgetOptions(90_000, 4000),
        rate=5,
        heartbeat_ms=30_000,
        backlog=BacklogOptions(7 * 86_400_000, 500),
        username="me",
        password=secret,
        devices={
            "shed": MappingOptions(
                "shed", secret, (pin,), False, ("Location", "Owner"), "TMPL0123456"
            )
        },
    )
    assert options.warnings == ()


def test_three_lines_are_enough(options_of: OptionsOf) -> None:
    text = "upstream: {cloud: {server: blynk.cloud, devices: {pi: {token: t, pins: [V1]}}}}"
    pin = MappedPin(PinAddress("pi", "V1"), "V1")
    mapping = MappingOptions("pi", Secret("t"), (pin,))
    options = options_of(text)
    assert one(options) == UpstreamOptions("cloud", "blynk.cloud", devices={"pi": mapping})
    assert one(options).ports == (443, 9443)
    assert options.warnings == ()


@pytest.mark.parametrize("word", ["true", "", "null", "{}"])
def test_tls_and_backlog_are_on_unless_they_are_switched_off(
    options_of: OptionsOf, word: str
) -> None:
    upstream = one(options_of(text_of(f"tls: {word}, backlog: {word}")))
    assert (upstream.tls, upstream.backlog) == (UpstreamTlsOptions(), BacklogOptions())
    upstream = one(options_of(text_of("tls: false, backlog: false")))
    assert (upstream.tls, upstream.backlog) == (None, None)


@pytest.mark.parametrize(("text", "poll_ms"), [("1s", 1000), ("never", None)])
def test_server_is_asked_now_and_then_or_never(
    options_of: OptionsOf, text: str, poll_ms: int | None
) -> None:
    assert one(options_of(text_of(f"via: https, poll: {text}"))).poll_ms == poll_ms


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ("rate: 1.5", 'rate: found "1.5", expected a whole number from 0 to 1000'),
        ("heartbeat: 9s", 'heartbeat: found "9s", expected a duration such as'),
        ("heartbeat: 10500ms", 'heartbeat: found "10500ms", expected a duration such as'),
        ("heartbeat: 11m", 'heartbeat: found "11m", expected a duration such as'),
        ("backlog: {keep: 32d}", 'backlog.keep: found "32d", expected a duration such as'),
        ("backlog: {keep: 30s}", 'backlog.keep: found "30s", expected a duration such as'),
        ("backlog: {points_per_day: -1}", 'backlog.points_per_day: found "-1", expected a whole'),
        ("via: https, poll: 500ms", 'poll: found "500ms", expected a duration such as'),
        ("tls: {cert: x}", "tls.cert: found an unknown key, expected one of ca"),
        ("tls: {ca: gone.pem}", 'tls.ca: found "gone.pem", which cannot be read'),
        ("tokn: x", "tokn: found an unknown key, expected one of enabled, server, tls, via"),
    ],
)
def test_faults_say_what_is_expected(faults_of: FaultsOf, keys: str, fault: str) -> None:
    (found,) = faults_of(text_of(keys))
    assert found.startswith(f"gateway.yaml:1: upstream.a.{fault}")


@pytest.mark.parametrize(
    ("device", "fault"),
    [
        ("{pins: [V1]}", ": found no token or token_file, expected one"),
        ("{token: t}", ": found no pins, expected one"),
        ("{token: 'a b', pins: [V1]}", ".token: found 3 characters that do not fit, expected 1"),
        ("{token: t, pins: [V1], template_id: a b}", '.template_id: found "a b", expected 1 to 64'),
        ("{token: t, pins: [V1], metadata: Location}", '.metadata: found "Location", expected a'),
    ],
)
def test_faults_of_a_device_say_what_is_expected(
    faults_of: FaultsOf, device: str, fault: str
) -> None:
    (found,) = faults_of(f"upstream: {{a: {{server: nas, devices: {{pi: {device}}}}}}}")
    assert found.startswith(f"gateway.yaml:1: upstream.a.devices.pi{fault}")


def test_server_cannot_be_left_out(faults_of: FaultsOf) -> None:
    faults = faults_of(f"upstream: {{A b: {{server: nas}}, b: {{{DEVICES}}}}}")
    assert faults[0].startswith('gateway.yaml:1: upstream."A b": found "A b", expected up to 32 of')
    assert faults[1] == "gateway.yaml:1: upstream.b: found no server, expected one"


def test_it_is_shown_without_secrets_and_reads_back(options_of: OptionsOf, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("correct-horse\n")
    options = options_of(EVERYTHING)
    shown = as_yaml(effective(options))
    assert "horse" not in shown
    assert 'pins: {shed/V5: {to: "Rain", dead_band: 0.5, min_interval: 1m}}' in shown
    again = options_of(shown.replace('"***"', "correct-horse").replace("lan", "x"))
    assert again.upstream == options.upstream
