"""The schema of `home_assistant`, a key of datastreams."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from blynk_gateway.config.fault import found
from blynk_gateway.config.kinds import Key, Kind, OrNull, Scalar, Section
from blynk_gateway.config.mqtt.device_classes import DEVICE_CLASSES
from blynk_gateway.config.scalars import text_of
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.suggest import suggestion
from blynk_gateway.core.presentation import HIDDEN, Presentation

COMPONENTS = (
    "sensor",
    "binary_sensor",
    "switch",
    "light",
    "number",
    "select",
    "text",
    "button",
    "cover",
    "fan",
    "lock",
    "valve",
    "siren",
    "event",
    "device_tracker",
    HIDDEN,
)
"""What one pin can be shown as."""

CATEGORIES = ("config", "diagnostic")

STATE_CLASSES = ("measurement", "measurement_angle", "total", "total_increasing")

_DEVICE_CLASS = re.compile(r"[a-z0-9_]{1,64}")
_ICON = re.compile(r"[a-z0-9]+:[a-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class PresentationUse(Kind[Presentation]):
    """`none` for what is not to be shown, or a section."""

    section: Section[Presentation]

    def read(self, node: yaml.Node, key: str, scope: Scope) -> Presentation:
        """How the datastream is to be shown."""
        if not isinstance(node, yaml.ScalarNode):
            return self.section.read(node, key, scope)
        names = ", ".join(entry.name for entry in self.section.keys)
        expected = f"{HIDDEN}, or `key: value` pairs of {names}"
        text = scope.text_of(node, key, expected)
        if text != HIDDEN:
            hint = f"; did you mean {{component: {text}}}?" if text in COMPONENTS else ""
            scope.reject(node, key, f"found {found(text)}, expected {expected}{hint}")
        return Presentation(HIDDEN)

    def flow(self, value: Presentation) -> str:
        """As a mapping in braces."""
        return self.section.flow(value)

    def settings(self, value: Presentation, key: str) -> Iterator[tuple[str, str]]:
        """Those of the section."""
        return self.section.settings(value, key)


def _one_of(words: tuple[str, ...]) -> Scalar[str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return Scalar(parse, f"one of {', '.join(words)}", str, words)


def _matching(pattern: re.Pattern[str], expected: str) -> Scalar[str]:
    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return text

    return Scalar(parse, expected, str)


def _finish(presentation: Presentation, key: str, scope: Scope) -> Presentation:
    component, device_class = presentation.component, presentation.device_class
    if component == HIDDEN or scope.is_faulty(f"{key}.component"):
        return presentation
    if presentation.state_class and component not in (None, "sensor"):
        text = f"found beside component {component}, expected only with sensor"
        scope.fault_at(f"{key}.state_class", text)
    if device_class is None:
        return presentation
    if component is None:
        known = frozenset[str]().union(*DEVICE_CLASSES.values())
    else:
        known = DEVICE_CLASSES.get(component, frozenset())
    if not known:
        text = f"found beside component {component}, which has no device classes; expected none"
        scope.fault_at(f"{key}.device_class", text)
    elif device_class not in known:
        # A later Home Assistant may know it.
        whose = f" for {component}" if component else ""
        text = f"found {device_class}, which Home Assistant does not know{whose}"
        hint = suggestion(device_class, known)
        scope.warn_at(f"{key}.device_class", f"{text}; it leaves such an entity out{hint}")
    return presentation


PRESENTATION = PresentationUse(
    Section(
        Presentation,
        (
            Key("component", OrNull(_one_of(COMPONENTS))),
            Key("name", OrNull(text_of("a name"))),
            Key("device_class", OrNull(_matching(_DEVICE_CLASS, "a word such as temperature"))),
            Key("state_class", OrNull(_one_of(STATE_CLASSES))),
            Key("icon", OrNull(_matching(_ICON, "an icon such as mdi:fan"))),
            Key("category", OrNull(_one_of(CATEGORIES))),
        ),
        finish=_finish,
    )
)
