"""The schema of `automations:`."""

from collections.abc import Iterator

import yaml

from blynk_gateway.config.automations import habits
from blynk_gateway.config.automations.actions import ACTIONS, MAX_LIMIT_MS
from blynk_gateway.config.automations.conditions import CONDITIONS
from blynk_gateway.config.automations.names import RULE_NAME, rule_slug
from blynk_gateway.config.automations.options import AutomationOptions, Mode
from blynk_gateway.config.automations.triggers import TRIGGERS
from blynk_gateway.config.fault import Rejected
from blynk_gateway.config.kinds import Key, Kind, Section
from blynk_gateway.config.scalars import BOOLEAN, choice, duration
from blynk_gateway.config.scope import Scope

MAX_AUTOMATIONS = 5000
"""As many as fit into a file, with little in each."""

AUTOMATION = Section(
    AutomationOptions,
    (
        Key("name", RULE_NAME),
        Key("enabled", BOOLEAN),
        Key("when", TRIGGERS),
        Key("if", CONDITIONS, "conditions"),
        Key("then", ACTIONS),
        Key("limit", duration(0, MAX_LIMIT_MS), "limit_ms"),
        Key("mode", choice(Mode)),
    ),
    required=("name", "then"),
    habits=habits.RULE,
)


def path_of(slug: str) -> str:
    """The dotted path of a rule; each that has a name is noted, faulty ones too."""
    return f"automations.{slug}"


class Automations(Kind[tuple[AutomationOptions, ...]]):
    """A list of rules; complaints call each by its slug."""

    expected = "a list of rules, each beginning with `- name:`"

    def read(self, node: yaml.Node, key: str, scope: Scope) -> tuple[AutomationOptions, ...]:
        """The good ones, in order."""
        entries = scope.entries_of(node, key, self.expected)
        if len(entries) > MAX_AUTOMATIONS:
            text = f"found {len(entries)} entries, expected at most {MAX_AUTOMATIONS}"
            scope.reject(node, key, text)
        rules: list[AutomationOptions] = []
        for index, entry in enumerate(entries):
            path = f"{key}[{index}]"
            scope.note(path, entry)
            try:
                rules.append(self._read_one(entry, path, scope))
            except Rejected:
                continue
        return tuple(rules)

    def flow(self, value: tuple[AutomationOptions, ...]) -> str:
        """As a list in brackets."""
        return "[" + ", ".join(AUTOMATION.flow(rule) for rule in value) + "]"

    def settings(self, value: tuple[AutomationOptions, ...], key: str) -> Iterator[tuple[str, str]]:
        """As `flow`, each rule on a line of its own."""
        rules = ",".join(f"\n  {AUTOMATION.flow(rule)}" for rule in value)
        yield key, f"[{rules}]"

    def _read_one(self, node: yaml.Node, path: str, scope: Scope) -> AutomationOptions:
        slug = _slug_of(node)
        if not slug:
            return AUTOMATION.read_named(node, path, scope, {"slug": ""})
        path = path_of(slug)
        if path in scope.places:
            line = scope.places[path].line
            text = f"found a name that line {line} has too ({slug}), expected another one"
            scope.reject(node, f"{path}.name", text)
        scope.note(path, node)
        return AUTOMATION.read_named(node, path, scope, {"slug": slug})


def _slug_of(node: yaml.Node) -> str:
    """The slug that a rule will have, empty if its name is faulty; then its section says why."""
    if not isinstance(node, yaml.MappingNode):
        return ""
    for name, value in _own_pairs(node):
        if name == "name" and isinstance(value, yaml.ScalarNode):
            try:
                return rule_slug(value.value)
            except ValueError:
                return ""
    return ""


def _own_pairs(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    for name, value in node.value:
        if isinstance(name, yaml.ScalarNode):
            yield name.value, value


AUTOMATIONS = Automations()
