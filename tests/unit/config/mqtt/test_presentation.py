from collections.abc import Callable

import pytest

from blynk_gateway.config import Options, as_yaml, effective
from blynk_gateway.config.mqtt.presentation import COMPONENTS, PRESENTATION
from blynk_gateway.core.presentation import HIDDEN, Presentation
from blynk_gateway.mqtt.discovery.entities.components import BUILDERS

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]


def text_of(shown: str) -> str:
    return f"templates: {{all: {{datastreams: {{V1: {{home_assistant: {shown}}}}}}}}}"


@pytest.fixture
def presentation_of(options_of: OptionsOf) -> Callable[[str], Presentation | None]:
    return lambda shown: options_of(text_of(shown)).templates["all"].datastreams["V1"].presentation


@pytest.mark.parametrize(
    ("shown", "presentation"),
    [
        ("null", None),
        ("none", Presentation(HIDDEN)),
        ("{component: none}", Presentation(HIDDEN)),
        ("{}", Presentation()),
        (
            "{component: cover, name: Gate, device_class: garage, icon: 'mdi:gate'}",
            Presentation("cover", "Gate", "garage", icon="mdi:gate"),
        ),
        (
            "{device_class: energy, state_class: total, category: diagnostic}",
            Presentation(device_class="energy", state_class="total", category="diagnostic"),
        ),
        (
            "{component: sensor, state_class: measurement}",
            Presentation("sensor", state_class="measurement"),
        ),
    ],
)
def test_words_of_home_assistant_reach_the_datastream(
    options_of: OptionsOf,
    presentation_of: Callable[[str], Presentation | None],
    shown: str,
    presentation: Presentation | None,
) -> None:
    assert presentation_of(shown) == presentation
    options = options_of(text_of(shown))
    assert options.warnings == ()
    assert options_of(as_yaml(effective(options))) == options


@pytest.mark.parametrize(
    ("shown", "fault"),
    [
        (
            "switch",
            ': found "switch", expected none, or `key: value` pairs of component, name,'
            " device_class, state_class, icon, category; did you mean {component: switch}?",
        ),
        ("[switch]", ": found a list, expected `key: value` pairs"),
        ("{component: climate}", '.component: found "climate", expected one of sensor, binary_'),
        (
            "{component: text, device_class: door}",
            ".device_class: found beside component text, which has no device classes; expected",
        ),
        (
            "{component: number, state_class: total}",
            ".state_class: found beside component number, expected only with sensor",
        ),
        ("{icon: 'mdi:'}", '.icon: found "mdi:", expected an icon such as mdi:fan'),
        ("{device_class: a b}", '.device_class: found "a b", expected a word such as temperature'),
    ],
)
def test_what_home_assistant_refuses_is_a_fault(
    faults_of: FaultsOf, shown: str, fault: str
) -> None:
    (found,) = faults_of(text_of(shown))
    start = "gateway.yaml:1: templates.all.datastreams.V1.home_assistant"
    assert found.startswith(start + fault)


@pytest.mark.parametrize(
    ("shown", "warning"),
    [
        (
            "{component: cover, device_class: garag}",
            "found garag, which Home Assistant does not know for cover; it leaves such an entity"
            ' out; did you mean "garage"?',
        ),
        (
            "{component: cover, device_class: temperature}",
            "found temperature, which Home Assistant does not know for cover; it leaves such an"
            " entity out",
        ),
        (
            "{device_class: temprature}",
            "found temprature, which Home Assistant does not know; it leaves such an entity out;"
            ' did you mean "temperature"?',
        ),
    ],
)
def test_unknown_device_class_gets_a_warning(
    options_of: OptionsOf, shown: str, warning: str
) -> None:
    # It may be one of a later version.
    (told,) = options_of(text_of(shown)).warnings
    assert told.endswith(f".home_assistant.device_class: warning: {warning}")


def test_what_is_hidden_is_asked_no_more(options_of: OptionsOf) -> None:
    assert options_of(text_of("{component: none, device_class: nonsense}")).warnings == ()


def test_it_can_be_shown_on_one_line() -> None:
    assert PRESENTATION.flow(Presentation("cover", icon="mdi:gate")) == (
        "{component: cover, name: null, device_class: null, state_class: null, icon: mdi:gate,"
        " category: null}"
    )


def test_every_component_that_can_be_chosen_is_made() -> None:
    assert set(COMPONENTS) == {*BUILDERS, HIDDEN}
