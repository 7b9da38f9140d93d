"""What events mean, as the file says it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options, load
from blynk_gateway.config.definitions import definition_of
from blynk_gateway.config.events import EVENTS
from blynk_gateway.core.events import EventDefinition, EventType

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

SERVICES = 'notifications: {services: {phone: {url: "ntfy://topic"}, mail: {url: "json://host"}}}'


def text_of(event: str, code: str = "hot") -> str:
    return f"templates: {{climate: {{events: {{{code}: {event}}}}}}}\n{SERVICES}"


@pytest.fixture
def event_of(options_of: OptionsOf) -> Callable[[str], EventDefinition]:
    return lambda event: options_of(text_of(event)).templates["climate"].events["hot"]


EventOf = Callable[[str], EventDefinition]


def test_every_key_reaches_the_event(event_of: EventOf) -> None:
    assert event_of("") == EventDefinition("hot", "hot")
    assert event_of(
        "{name: Too hot, type: critical, description: Open it, notify: [phone, mail], limit: 10m,"
        " every: 5}"
    ) == EventDefinition(
        "hot", "Too hot", EventType.CRITICAL, "Open it", ("phone", "mail"), 600_000, 5
    )


@pytest.mark.parametrize(
    ("text", "notify"),
    [("true", ()), ("false", None), ("null", None), ("phone", ("phone",)), ("[mail]", ("mail",))],
)
def test_who_is_told(event_of: EventOf, text: str, notify: tuple[str, ...] | None) -> None:
    event = event_of(f"{{notify: {text}}}")
    assert event.notify == notify
    # What is printed can be loaded again.
    assert event_of(EVENTS.section.flow(event)) == event


def test_devices_and_the_gateway_have_events_of_their_own(options_of: OptionsOf) -> None:
    options = options_of(
        "devices: {shed: {token: t, events: {wet: {type: warning}}}}\n"
        "gateway: {events: {power: {name: Supply}}}"
    )
    assert definition_of(options.devices["shed"]).events["wet"].type is EventType.WARNING
    assert options.gateway.events["power"].name == "Supply"


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        ("{type: fatal}", "expected one of info, warning, critical, content"),
        ("{type: criticl}", 'did you mean "critical"?'),
        ("{limit: 10}", "expected a duration"),
        ("{every: 0}", "expected a whole number from 1 to 1000"),
        ("{notify: []}", "found no service"),
        ("{notify: {a: b}}", "expected"),
        ("{nam: Hot}", 'did you mean "name"?'),
    ],
)
def test_nonsense_is_named(faults_of: FaultsOf, event: str, complaint: str) -> None:
    faults = faults_of(text_of(event))
    assert len(faults) == 1
    assert "templates.climate.events.hot" in faults[0]
    assert complaint in faults[0]


@pytest.mark.parametrize("code", ['""', f'"{"x" * 51}"', r'"a\nb"'])
def test_a_code_that_no_device_could_log_is_refused(faults_of: FaultsOf, code: str) -> None:
    assert "an event code of 1 to 50 characters" in "".join(faults_of(text_of("", code)))


def test_what_the_guide_shows_can_be_used_as_it_is(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/guide/events.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.+?)```", page, re.DOTALL)
    (own,) = re.findall(r"`(gateway: \{events: .+?)`", page)
    path = tmp_path / "gateway.yaml"
    path.write_text(f"{block}\n{own}\n")
    options = load(path, {})
    assert options.warnings == ()
    assert set(options.gateway.events) == {"power", "fault"}
    assert options.templates["climate"].events["door"].every == 3
