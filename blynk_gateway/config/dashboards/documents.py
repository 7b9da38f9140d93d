"""Dashboards from and to JSON and YAML texts that come through the API.

They go through the schema of the configuration file: what is wrong there is wrong here, and is
said in the same words.
"""

from pathlib import Path
from typing import Any

import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.dashboards.schema import DASHBOARD
from blynk_gateway.config.dashboards.widgets import TEXT, WidgetKind
from blynk_gateway.config.fault import MAX_FAULTS, Fault, Rejected, Report
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.dashboards.model import Dashboard, OptionValue, Page, Widget
from blynk_gateway.core.json_text import WORDS, Json, Literal
from blynk_gateway.errors import ConfigError, GatewayError

_BODY_KEYS = ("title", "pages", "widgets")
_MAX_WHOLE = 10**15
"""Beyond this a number is shorter with an exponent."""

_TAG = "tag:yaml.org,2002:"
_MARK = yaml.Mark("", 0, 0, 0, "", 0)


class InvalidDashboard(GatewayError):
    """It breaks the rules; the message holds every complaint, one line each."""

    code = "dashboard.invalid"
    hint = "Compare it with docs/guide/dashboards.md, or with `GET /api/v1/widgets`."


def read_json(slug: str, document: Json) -> Dashboard:
    """A dashboard of decoded JSON: `{"title", "pages"}`.

    Raises:
        InvalidDashboard: it breaks the rules.
    """
    report = Report()
    try:
        return _read(slug, _node_of(document, 0), report)
    except (Rejected, ConfigError):
        raise InvalidDashboard("\n".join(map(_told, _faults(report)))) from None


def read_yaml(slug: str, text: str) -> Dashboard:
    """A dashboard of a YAML text as `to_yaml` writes it, below `dashboards:`, its name, or neither.

    Raises:
        InvalidDashboard: it breaks the rules; each complaint begins with its line.
    """
    report = Report()
    try:
        root = nodes.compose_text(text, "", report)
        if root is None:
            raise InvalidDashboard("the text is empty; expected a dashboard")
        return _read(slug, _unwrapped(root), report)
    except (Rejected, ConfigError):
        told = (f"line {fault.line}: {_told(fault)}" for fault in _faults(report))
        raise InvalidDashboard("\n".join(told)) from None


def to_json(dashboard: Dashboard) -> dict[str, Any]:
    """Title and pages as JSON; `read_json` reads it."""
    return {
        "title": dashboard.title,
        "pages": [
            {"title": page.title, "widgets": [_widget(widget) for widget in page.widgets]}
            for page in dashboard.pages
        ],
    }


def to_yaml(dashboard: Dashboard, slug: str) -> str:
    """A block to be put below `dashboards:` in the configuration file."""
    lines = [f"  {slug}:", f"    title: {TEXT.flow(dashboard.title)}"]
    if len(dashboard.pages) == 1 and not dashboard.pages[0].title:
        return "\n".join([*lines, *_widget_lines(dashboard.pages[0], "    ")]) + "\n"
    lines.append("    pages:")
    for page in dashboard.pages:
        lines.append(f"      - title: {TEXT.flow(page.title)}")
        lines += _widget_lines(page, "        ")
    return "\n".join(lines) + "\n"


def _widget(widget: Widget) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": widget.type}
    if widget.title:
        shown["title"] = widget.title
    if widget.pin is not None:
        shown["pin"] = str(widget.pin)
    if widget.pins:
        shown["pins"] = [str(pin) for pin in widget.pins]
    shown |= {name: _option(value) for name, value in widget.options.items()}
    for name, box in (("desktop", widget.desktop), ("phone", widget.phone)):
        if box is not None:
            shown[name] = list(box)
    return shown


def _option(value: OptionValue) -> Json:
    if isinstance(value, tuple):
        return list(value)
    is_short = isinstance(value, float) and value.is_integer() and abs(value) < _MAX_WHOLE
    return int(value) if is_short else value


def _widget_lines(page: Page, indent: str) -> list[str]:
    if not page.widgets:
        return [f"{indent}widgets: []"]
    kind = WidgetKind()
    entries = [f"{indent}  - {kind.flow(widget)}" for widget in page.widgets]
    return [f"{indent}widgets:", *entries]


def _read(slug: str, node: yaml.Node, report: Report) -> Dashboard:
    scope = Scope(Path(), report, {})
    dashboard = DASHBOARD.read_named(node, "", scope, {"slug": slug, "title": slug})
    if report.faults:
        raise Rejected
    return dashboard


def _node_of(item: Json, depth: int) -> yaml.Node:
    """The node that a YAML text of the same content would have."""
    if depth > nodes.MAX_DEPTH:
        raise InvalidDashboard(f"it has more than {nodes.MAX_DEPTH} levels; expected fewer")
    if isinstance(item, dict):
        pairs = [(_scalar("str", name), _node_of(value, depth + 1)) for name, value in item.items()]
        return yaml.MappingNode(f"{_TAG}map", pairs, _MARK, _MARK)
    if isinstance(item, list):
        entries = [_node_of(entry, depth + 1) for entry in item]
        return yaml.SequenceNode(f"{_TAG}seq", entries, _MARK, _MARK)
    if item is None:
        return _scalar("null", "")
    if isinstance(item, bool):
        return _scalar("bool", WORDS[item])
    return _scalar("float" if isinstance(item, Literal) else "str", str(item))


def _scalar(tag: str, text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode(_TAG + tag, text, _MARK, _MARK)


def _unwrapped(root: yaml.Node) -> yaml.Node:
    """The dashboard itself, of a text that names it or the whole section."""
    for _ in range(2):
        inner = _only_entry(root)
        if inner is None:
            break
        root = inner
    return root


def _only_entry(node: yaml.Node) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode) or len(node.value) != 1:
        return None
    [(name, value)] = node.value
    is_body = name.value in _BODY_KEYS and not isinstance(value, yaml.MappingNode)
    return None if is_body else value


def _faults(report: Report) -> list[Fault]:
    """All of them in the order of the text, and that there are more where they are cut."""
    cut = [Fault("", 0, "", "there may be more faults")] if len(report.faults) == MAX_FAULTS else []
    return [*report.faults, *cut]


def _told(fault: Fault) -> str:
    return f"{fault.key}: {fault.text}" if fault.key else fault.text
