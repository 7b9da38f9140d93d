"""The configuration of the demo: two devices, their templates, loopback and nothing else."""

import socket
from dataclasses import dataclass

from blynk_gateway.config import Options, Secret
from blynk_gateway.config.options import (
    Address,
    DeviceOptions,
    GatewayOptions,
    ServerOptions,
)
from blynk_gateway.core.datastream import Template
from blynk_gateway.core.definition import new_token
from blynk_gateway.demo.models import Greenhouse, Model, Workshop
from blynk_gateway.errors import GatewayError

DEMO_HOST = "127.0.0.1"
FIRST_PORT = 8080
PORTS_TRIED = 100


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
        templates={one.slug: Template(one.slug, one.model.datastreams) for one in home.residents},
    )


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
