"""The configuration of the demo: two devices, simulated pins, loopback and nothing else."""

import socket
from dataclasses import dataclass

from blynk_gateway.config import Options, Secret
from blynk_gateway.config.gpio.inputs import AdcOptions, ButtonOptions
from blynk_gateway.config.gpio.options import AnalogOptions, Factory, GpioOptions
from blynk_gateway.config.gpio.outputs import OutputOptions, PwmOptions
from blynk_gateway.config.gpio.sensors import Gauge, SystemOptions
from blynk_gateway.config.options import (
    Address,
    DeviceOptions,
    GatewayOptions,
    ServerOptions,
)
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.datastream import Template
from blynk_gateway.core.definition import new_token
from blynk_gateway.core.links import Link
from blynk_gateway.core.ports import Simulation
from blynk_gateway.demo.dashboards import HOME
from blynk_gateway.demo.models import Greenhouse, Model, Workshop
from blynk_gateway.demo.rules import EVENTS, RULES
from blynk_gateway.errors import GatewayError

DEMO_HOST = "127.0.0.1"
FIRST_PORT = 8080
PORTS_TRIED = 100


BUTTON_LINE = 27
DIRECT_LINES = (5, 6, 13)
SOIL_CHANNEL = 0
SOIL_VOLTAGE = 0.42
"""What the probe gives at the start, as a part of the most."""

PINS = GpioOptions(
    factory=Factory.MOCK,
    direct=DIRECT_LINES,
    analog=AnalogOptions("mcp3008"),
    peripherals={
        "led": OutputOptions(name="led", type="led", pin="V1", line=17),
        "lamp": PwmOptions(name="lamp", type="pwm", pin="V2", line=18),
        "button": ButtonOptions(name="button", type="button", pin="V3", line=BUTTON_LINE),
        "soil": AdcOptions(
            name="soil", type="mcp3008", pin="V4", channel=SOIL_CHANNEL, every_ms=1000, deadband=0.5
        ),
        "load": SystemOptions(name="load", type=Gauge.CPU_LOAD, pin="V5", decimals=0),
    },
)
"""What is wired to the simulated header of the Pi; the button switches the LED."""


class NoFreePort(GatewayError):
    """No port is left for the demo."""

    code = "demo.no_port"
    hint = "Stop one of the programs that listen there."


@dataclass(frozen=True, slots=True)
class Resident:
    """A simulated device and its place in the configuration."""

    slug: str
    name: str
    token: str
    model: Model


@dataclass(frozen=True, slots=True)
class Home:
    """Everything a demo consists of."""

    port: int
    residents: tuple[Resident, ...]


def new_home(first_port: int = FIRST_PORT) -> Home:
    """A home with fresh tokens on a free port.

    Raises:
        NoFreePort: `PORTS_TRIED` ports from `first_port` on are taken.
    """
    return Home(
        port=_free_port(first_port),
        residents=(
            Resident("greenhouse", "Greenhouse", new_token(), Greenhouse()),
            Resident("workshop", "Workshop", new_token(), Workshop()),
        ),
    )


def demo_options(home: Home) -> Options:
    """The options a gateway runs this home with."""
    return Options(
        gateway=GatewayOptions(name="Demo gateway"),
        server=ServerOptions(listen=(Address(DEMO_HOST, home.port),), listen_tls=()),
        devices={
            one.slug: DeviceOptions(one.slug, one.name, Secret(one.token), template=one.slug)
            for one in home.residents
        },
        templates={
            one.slug: Template(one.slug, one.model.datastreams, EVENTS.get(one.slug, {}))
            for one in home.residents
        },
        gpio=PINS,
        links=(Link(PinAddress("pi", "V3"), PinAddress("pi", "V1")),),
        automations=RULES,
        dashboards={HOME.slug: HOME},
    )


def moisten(simulation: Simulation | None) -> None:
    """Put a voltage on the probe in the soil, so that its gauge has something to show."""
    if simulation is not None:
        simulation.set_adc(SOIL_CHANNEL, SOIL_VOLTAGE)


def _free_port(first: int) -> int:
    for port in range(first, first + PORTS_TRIED):
        with socket.socket() as probe:
            # As the listener itself does; a port whose last connection just ended is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((DEMO_HOST, port))
            except OSError:
                continue
            return port
    raise NoFreePort(
        f"{DEMO_HOST}: every port from {first} to {first + PORTS_TRIED - 1} is taken;"
        " expected a free one"
    )
