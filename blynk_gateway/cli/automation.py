"""`automation`: rules of the running gateway, tried, run and looked at."""

import re
import time
from argparse import Namespace
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from blynk_gateway.cli.access import running
from blynk_gateway.cli.client import ControlClient
from blynk_gateway.cli.failure import Refused
from blynk_gateway.cli.output import (
    moment_of,
    print_json,
    print_paragraph,
    print_table,
    shown,
    shown_value,
)

_PATH = "/api/v1/automations"

EXIT_NOT_DONE = 1

_ADDRESS = re.compile(r"(?<![\w/{-])([a-z0-9-]+)/([VDA]\d{1,3})(?![\w/])")
"""A pin in the words of a trigger or condition, but not a level of a topic."""


def show_all(arguments: Namespace) -> int:
    """List rules, and why some are stopped."""
    rules = running(arguments).request("GET", _PATH)["automations"]
    if arguments.json:
        print_json(rules)
        return 0
    if not rules:
        print("No rules yet; they are below `automations:` in the configuration file.")
        return 0
    rows = [
        (one["slug"], _state(one), moment_of(one["last_run_ms"]), _next(one), one["name"])
        for one in rules
    ]
    print_table(("SLUG", "STATE", "LAST RUN", "NEXT", "NAME"), rows, is_first_whole=True)
    for one in rules:
        if one["stopped"]:
            print()
            print_paragraph(f"{one['slug']}: ", one["stopped"])
    return 0


def test(arguments: Namespace) -> int:
    """Explain what a rule would do now."""
    gateway = running(arguments)
    rule = gateway.request("GET", _rule(arguments))
    # By its slug: meanwhile another rule could have got the name.
    path = f"{_PATH}/{quote(rule['slug'], safe='')}/test"
    found = gateway.request("POST", path, {"value": arguments.value})
    if arguments.json:
        print_json(found)
    else:
        _explain(rule, found, _Pins(gateway), arguments.value)
    return 0 if found["would_run"] else EXIT_NOT_DONE


def run(arguments: Namespace) -> int:
    """Run a rule by hand and tell what became of it."""
    answer = running(arguments).request("POST", f"{_rule(arguments)}/run")
    found = answer["run"]
    if arguments.json:
        print_json(answer)
    elif found is None:
        print_paragraph("It did not run: ", answer["skipped"] or "it is running already")
    else:
        _print_run(found)
        if found["ended_ms"] is None or not all(one["result"] for one in found["actions"]):
            print(f"\nWhat comes later: blynk-gateway automation runs {found['automation']}")
    return EXIT_NOT_DONE if found is None or found["outcome"] == "failed" else 0


def runs(arguments: Namespace) -> int:
    """Print the latest runs, newest first."""
    query = {"limit": arguments.limit}
    if arguments.name is not None:
        query["automation"] = arguments.name
    found = running(arguments).request("GET", f"/api/v1/automation-runs?{urlencode(query)}")["runs"]
    if arguments.json:
        print_json(found)
        return 0
    if not found:
        print("No runs yet.")
    for one in found:
        _print_run(one)
    return 0


def enable(arguments: Namespace) -> int:
    """Switch a rule on. Says nothing if that went well."""
    return _set_enabled(arguments, is_enabled=True)


def disable(arguments: Namespace) -> int:
    """Switch a rule off. Says nothing if that went well."""
    return _set_enabled(arguments, is_enabled=False)


class _Pins:
    """What pins have now. They are not asked for one by one: that would have some be read."""

    def __init__(self, gateway: ControlClient) -> None:
        self._gateway = gateway
        self._known: dict[str, dict[str, str] | None] = {}

    def named_in(self, text: str) -> Iterator[str]:
        """Each pin in the text with what it has, `greenhouse/V5 has 28.4 now`."""
        for device, pin in dict.fromkeys(_ADDRESS.findall(text)):
            pins = self._of(device)
            if pins is None:
                # What looks like an address is something else, such as a topic.
                continue
            value = pins.get(pin)
            yield f"{device}/{pin} has {value} now" if value else f"{device}/{pin} has no value yet"

    def _of(self, device: str) -> dict[str, str] | None:
        if device not in self._known:
            try:
                pins = self._gateway.request("GET", f"/api/v1/devices/{device}/pins")["pins"]
            except Refused:
                self._known[device] = None
            else:
                self._known[device] = {one["pin"]: _shown_pin(one) for one in pins}
        return self._known[device]


def _shown_pin(pin: dict[str, Any]) -> str:
    """Value and unit, empty before the first write."""
    if not pin["value"]:
        return ""
    unit = (pin["datastream"] or {}).get("unit") or ""
    text = f"{shown_value(pin['value'])} {shown(unit)}".strip()
    return text or "an empty text"


def _explain(
    rule: dict[str, Any], found: dict[str, Any], pins: _Pins, value: list[str] | None
) -> None:
    print_paragraph("Rule    ", f"{rule['name']} ({rule['slug']}), {_state(rule)}")
    head = "When    "
    for trigger in rule["when"] or ["by hand, by another rule, a dashboard or HTTP only"]:
        print_paragraph(head, trigger)
        head = " " * len(head)
        if value is None:
            for text in pins.named_in(trigger):
                print_paragraph(f"{head}  ", text)
    if value is not None:
        print_paragraph(head, f"  with {shown_value(value)} in place of what its pin has")
    head = "If      "
    for one in found["conditions"]:
        print_paragraph(f"{head}{'yes  ' if one['met'] else 'no   '}", one["condition"])
        head = " " * len(head)
        for text in pins.named_in(one["condition"]):
            print_paragraph(f"{head}       ", text)
    head = "Then    "
    for action in found["actions"]:
        print_paragraph(head, action)
        head = " " * len(head)
    reasons = list(found["obstacles"])
    if not all(one["met"] for one in found["conditions"]):
        reasons.append("a condition does not hold")
    if found["would_run"]:
        when = "if its trigger came now" if rule["when"] else "now"
        print_paragraph("Result  ", f"it would run {when}; nothing was done")
    else:
        print_paragraph("Result  ", f"it would not run now: {'; '.join(reasons)}")


def _set_enabled(arguments: Namespace, *, is_enabled: bool) -> int:
    body = {"enabled": is_enabled}
    running(arguments).request("PUT", f"{_rule(arguments)}/enabled", body)
    return 0


def _rule(arguments: Namespace) -> str:
    return f"{_PATH}/{quote(arguments.name, safe='')}"


def _state(rule: dict[str, Any]) -> str:
    if rule["stopped"]:
        return "stopped"
    if not rule["enabled"]:
        # What it began goes on to its end.
        return "off, running" if rule["running"] else "off"
    return "running" if rule["running"] else "on"


def _next(rule: dict[str, Any]) -> str:
    # A rule that is off lets the moment pass.
    is_waiting = rule["enabled"] and rule["next_ms"] is not None
    return moment_of(rule["next_ms"]) if is_waiting else ""


def _print_run(run: dict[str, Any]) -> None:
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run["at_ms"] / 1000))
    print_paragraph(f"{at}  ", f"{run['automation']}  {run['outcome']}  {run['cause']}")
    for one in run["actions"]:
        if one["failed"]:
            print_paragraph("  failed  ", f"{one['action']}: {one['result']}")
        elif one["result"] in _PLAIN_RESULTS:
            print_paragraph(f"  {one['result'] or '…':6}  ", one["action"])
        else:
            head = "–" if one["result"].startswith(_LEFT_OUT) else "done"
            print_paragraph(f"  {head:6}  ", f"{one['action']}: {one['result']}")


_PLAIN_RESULTS = ("", "done", "sent")
"""What needs no further words."""

_LEFT_OUT = ("not done", "not run", "broken off")
"""How results begin of what was neither done nor failed."""
