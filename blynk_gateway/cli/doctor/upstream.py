"""The check of the servers above: asked of the daemon, or looked at without a login."""

import asyncio
import contextlib
from collections.abc import Iterator

from blynk_gateway.cli.client import Json
from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.finding import Finding, fault, ok, warning
from blynk_gateway.config.upstream.options import Server, UpstreamOptions
from blynk_gateway.errors import GatewayError
from blynk_gateway.upstream.route import ServerDown
from blynk_gateway.upstream.routes import tls

CONNECT_TIMEOUT_S = 5.0

COMPONENT = "upstream "
"""What the daemon's health calls a device above begins with."""

_NAME = "cloud"


def check_upstream(case: Case) -> Iterator[Finding]:
    """Each device is connected above; without a daemon each server can be reached.

    Never logs in itself: a server may cut the daemon's connection off for it.
    """
    if case.daemon:
        # One that does not answer has a fault of its own in the report.
        with contextlib.suppress(GatewayError):
            yield from _of_daemon(case.client.request("GET", "/api/health"))
        return
    if case.faults:
        return
    for options in case.options.upstream.values():
        if options.enabled:
            yield asyncio.run(_reached(options))


def _of_daemon(health: Json) -> Iterator[Finding]:
    components = health["components"]
    # What is not of a device as such, as of pins that run in circles.
    others = {name for name, one in components.items() if one["state"] != "ok"}
    for upstream in health["upstream"]:
        for device in upstream["devices"]:
            path = f"{upstream['name']}/{device['device']}"
            others.discard(f"{COMPONENT}{path}")
            yield _of_device(path, device, components)
        for budget in upstream["budgets"]:
            if budget["left"] <= 0:
                yield warning(
                    f"{_NAME} {upstream['name']}",
                    f"the {budget['limit']} messages of this {budget['period']} are spent",
                    "Values wait for the next one; to have them go up now, raise `budget`. To need"
                    " fewer, set `dead_band` and `min_interval` of pins.",
                )

    for name in sorted(others):
        if name.startswith(COMPONENT):
            detail = components[name]["detail"]
            yield warning(f"{_NAME} {name.removeprefix(COMPONENT)}", detail, "")


def _of_device(path: str, device: Json, components: Json) -> Finding:
    name = f"{_NAME} {path}"
    component = components.get(f"{COMPONENT}{path}", {"state": "ok", "detail": ""})
    if component["state"] != "ok":
        # What a part says of itself tells what to do too.
        find = fault if component["state"] == "failed" else warning
        return find(name, component["detail"], "")
    if device["status"] != "connected":
        return warning(name, "not connected yet", "Ask again in a minute.")
    waiting = device["backlog_points"]
    rest = f", {waiting} points wait to go up" if waiting else ""
    return ok(name, f"connected to {device['place']}{rest}")


async def _reached(options: UpstreamOptions) -> Finding:
    """Whether one of the server's ports takes connections, with TLS where that is on."""
    name = f"{_NAME} {options.name}"
    try:
        context = None if options.tls is None else await tls.context(options.tls)
    except ServerDown as error:
        return fault(name, str(error), error.hint)
    met: list[ServerDown] = []
    for port in options.ports:
        place = str(Server(options.host, port))
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                _, writer = await asyncio.open_connection(options.host, port, ssl=context)
        except OSError as error:
            met.append(tls.explained(error, place))
            continue
        writer.transport.abort()
        how = "" if context is None else " over TLS"
        return ok(
            name, f"{place} takes connections{how}; whether it takes the tokens shows when it runs"
        )
    return fault(name, "; ".join(map(str, met)), met[0].hint)
