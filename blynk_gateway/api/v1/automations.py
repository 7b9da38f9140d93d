"""`/api/v1/automations` and `/api/v1/automation-runs`: rules, run and tried by people."""

from typing import Any

from aiohttp import web

from blynk_gateway.api.bodies import only_field, parse_query
from blynk_gateway.api.faults import RequestError
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.route import Call, Caller, Route
from blynk_gateway.api.v1.schema import Field, Kind, query_number, read_object
from blynk_gateway.core.accounts import Role
from blynk_gateway.core.automations import AutomationState, DryRun, Run
from blynk_gateway.core.value import PinValue, printable, printable_value

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000

VALUE = {
    "value": Field(
        Kind.VALUE,
        "what the trigger's pin is to have; what it has now, if left out",
        False,
        is_nullable=True,
    )
}
ENABLED = {"enabled": Field(Kind.FLAG, "true or false")}
RUNS = {
    "automation": Field(Kind.TEXT, "slug or name of one rule; all if left out", False),
    "limit": Field(
        Kind.NUMBER,
        f"the latest so many, 1 to {MAX_LIMIT}, {DEFAULT_LIMIT} if left out",
        False,
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
    ),
}


class AutomationRoutes:
    """Handlers of rules and their runs. A rule is named by its slug or its name."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """Its routes."""
        one = "/automations/{name}"
        viewer, operator = Role.VIEWER, Role.OPERATOR
        return [
            Route("GET", "/automations", viewer, self.states, "All rules."),
            Route("GET", one, viewer, self.state, "One rule."),
            Route("POST", f"{one}/run", operator, self.run, "Run a rule by hand."),
            Route(
                "POST",
                f"{one}/test",
                operator,
                self.test,
                "What a run would do now; nothing is done.",
                VALUE,
            ),
            Route(
                "PUT",
                f"{one}/enabled",
                operator,
                self.set_enabled,
                "Switch a rule on or off.",
                ENABLED,
            ),
            Route("GET", "/automation-runs", viewer, self.runs, "The latest runs.", query=RUNS),
        ]

    async def states(self, _call: Call) -> web.Response:
        """All rules, in the order of the configuration."""
        states = self._services.automations.states()
        return api_json({"automations": [_state_view(one) for one in states]})

    async def state(self, call: Call) -> web.Response:
        """One rule."""
        return api_json(_state_view(self._find(call)))

    async def run(self, call: Call) -> web.Response:
        """Run a rule by hand; conditions and limit hold."""
        automations = self._services.automations
        slug = self._find(call).slug
        run = automations.run(slug, _name_of(call.caller))
        if run is None:
            skipped = printable(automations.find(slug).skipped)
            return api_json({"run": None, "skipped": skipped})
        return api_json({"run": _run_view(run), "skipped": ""})

    async def test(self, call: Call) -> web.Response:
        """What a run would do now."""
        value = await read_test_value(call)
        return api_json(
            _dry_run_view(self._services.automations.test(self._find(call).slug, value))
        )

    async def set_enabled(self, call: Call) -> web.Response:
        """Switch a rule on, which also ends a stop, or off; the answer is the rule."""
        is_enabled = (await read_object(call.request, ENABLED))["enabled"]
        slug = self._find(call).slug
        return api_json(_state_view(self._services.automations.set_enabled(slug, is_enabled)))

    async def runs(self, call: Call) -> web.Response:
        """The latest runs, newest first."""
        limit = query_number(call.request, "limit", DEFAULT_LIMIT, range(1, MAX_LIMIT + 1))
        automations = self._services.automations
        name = only_field(parse_query(call.request), "automation")
        slug = automations.find(name).slug if name else None
        return api_json({"runs": [_run_view(run) for run in await automations.runs(slug, limit)]})

    def _find(self, call: Call) -> AutomationState:
        return self._services.automations.find(call.request.match_info["name"])


async def read_test_value(call: Call) -> PinValue | None:
    """The value that a test is sent with, None for what the pin has.

    Raises:
        RequestError: it has no parameter; and as `read_object`.
    """
    value: PinValue | None = (await read_object(call.request, VALUE)).get("value")
    if value == ():
        raise RequestError("body.value: found none; expected at least one text")
    return value


def _name_of(caller: Caller) -> str:
    """Who wants something, for the record."""
    if caller.user:
        return f"{caller.role} {caller.user}"
    return "command line" if caller.origin.id == "control" else f"API token {caller.origin.id}"


def _state_view(state: AutomationState) -> dict[str, Any]:
    return {
        "slug": state.slug,
        "name": printable(state.name),
        "enabled": state.is_enabled,
        "stopped": printable(state.stopped),
        "when": printable_value(state.when),
        "conditions": printable_value(state.conditions),
        "then": printable_value(state.then),
        "runs": state.runs,
        "running": state.is_running,
        "last_run_ms": state.last_run_ms,
        "skipped": printable(state.skipped),
        "skipped_ms": state.skipped_ms,
        "next_ms": state.next_ms,
    }


def _run_view(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "automation": run.automation,
        "at_ms": run.at_ms,
        "cause": printable(run.cause),
        "cause_seq": run.cause_seq,
        "outcome": str(run.outcome),
        "actions": [
            {
                "action": printable(one.action),
                "result": printable(one.result),
                "failed": one.is_failed,
            }
            for one in run.actions
        ],
        "ended_ms": run.ended_ms,
    }


def _dry_run_view(found: DryRun) -> dict[str, Any]:
    return {
        "would_run": found.would_run,
        "obstacles": printable_value(found.obstacles),
        "conditions": [
            {"condition": printable(one.condition), "met": one.is_met} for one in found.conditions
        ],
        "actions": printable_value(found.actions),
    }
