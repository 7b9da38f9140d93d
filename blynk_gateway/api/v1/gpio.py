"""`/api/v1/gpio` and `/api/v1/sim`: the Pi's own pins, and simulated ones."""

from typing import Any

from aiohttp import web

from blynk_gateway.api.faults import NotSimulated, RequestError
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.api.v1.schema import Field, Kind, read_object
from blynk_gateway.core.accounts import Role
from blynk_gateway.core.json_text import Literal, whole_number
from blynk_gateway.core.ports import PeripheralState, SimulatedLine, Simulation
from blynk_gateway.core.value import printable, printable_value
from blynk_gateway.errors import UnknownPin

NEW_LEVEL = {"level": Field(Kind.NUMBER, "0 or 1", limits={"type": "integer", "enum": [0, 1]})}
NEW_VOLTAGE = {
    "value": Field(
        Kind.NUMBER, "a number from 0 to 1, of full scale", limits={"minimum": 0, "maximum": 1}
    )
}


class GpioRoutes:
    """Handlers of lines and peripherals."""

    def __init__(self, services: Services) -> None:
        self._gpio = services.gpio

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route("GET", "/gpio", Role.VIEWER, self.state, "The Pi's lines and peripherals."),
            Route("GET", "/sim/lines", Role.VIEWER, self.lines, "All simulated lines."),
            Route(
                "PUT",
                "/sim/lines/{n}",
                Role.OPERATOR,
                self.drive,
                "Put a level on a simulated input.",
                NEW_LEVEL,
            ),
            Route("GET", "/sim/adc", Role.VIEWER, self.adc, "The simulated converter."),
            Route(
                "PUT",
                "/sim/adc/{channel}",
                Role.OPERATOR,
                self.set_adc,
                "Put a voltage on a channel of the simulated converter.",
                NEW_VOLTAGE,
            ),
        ]

    async def state(self, _call: Call) -> web.Response:
        """How lines and peripherals are at the moment."""
        state = self._gpio.state()
        return api_json(
            {
                "factory": state.factory,
                "chip": state.chip,
                "fault": state.fault,
                "open_pins": list(state.open_pins),
                "peripherals": [_peripheral_view(one) for one in state.peripherals],
            }
        )

    async def lines(self, _call: Call) -> web.Response:
        """Every simulated line."""
        return api_json({"lines": [_line_view(one) for one in self._simulation().lines()]})

    async def drive(self, call: Call) -> web.Response:
        """Put a level on a simulated input; the answer is the line."""
        simulation = self._simulation()
        level = (await read_object(call.request, NEW_LEVEL))["level"]
        if level not in (0, 1):
            raise RequestError(f"body.level: expected 0 or 1, found {level:g}")
        line = _number_in_path(call, "n", "line")
        simulation.drive(line, bool(level))
        return api_json(next(_line_view(one) for one in simulation.lines() if one.line == line))

    async def adc(self, _call: Call) -> web.Response:
        """What is on each channel of the simulated converter."""
        values = self._simulation().adc()
        return api_json(
            {"channels": [{"channel": n, "value": value} for n, value in enumerate(values)]}
        )

    async def set_adc(self, call: Call) -> web.Response:
        """Put a voltage on a channel of the simulated converter; the answer is the channel."""
        simulation = self._simulation()
        value = (await read_object(call.request, NEW_VOLTAGE))["value"]
        if not 0 <= value <= 1:
            raise RequestError(f"body.value: expected a number from 0 to 1, found {value:g}")
        channel = _number_in_path(call, "channel", "channel")
        simulation.set_adc(channel, value)
        return api_json({"channel": channel, "value": simulation.adc()[channel]})

    def _simulation(self) -> Simulation:
        found = self._gpio.simulation
        if found is None:
            raise NotSimulated(
                "the gateway has no simulated pins; expected `gpio.factory: mock` in its"
                " configuration"
            )
        return found


def _number_in_path(call: Call, name: str, what: str) -> int:
    text = call.request.match_info[name]
    number = whole_number(Literal(text))
    if number is None:
        raise UnknownPin(f"{printable(text)[:40]!r} is no {what}; expected a whole number")
    return number


def _line_view(line: SimulatedLine) -> dict[str, Any]:
    return line._asdict()


def _peripheral_view(state: PeripheralState) -> dict[str, Any]:
    return {
        "name": state.name,
        "type": state.type,
        "pin": state.pin,
        "lines": list(state.lines),
        "fault": printable(state.fault),
        "commanded": printable_value(state.commanded),
        "actual": printable_value(state.actual),
    }
