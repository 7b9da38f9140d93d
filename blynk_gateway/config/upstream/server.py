"""Where a server above is: `blynk.cloud`, `192.168.1.5:8080`, `[fd00::5]:9443`."""

import re

from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Scalar
from blynk_gateway.config.scalars import HOST, MAX_PORT
from blynk_gateway.config.upstream.options import Server

_SERVER = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>\d{1,5}))?", re.ASCII
)


def parse_server(text: str) -> Server:
    """Host and port.

    Raises:
        ValueError: if it is no host, or the port is none.
    """
    match = _SERVER.fullmatch(text)
    if match is None:
        raise ValueError(text)
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 1 <= port <= MAX_PORT:
        raise ValueError(text)
    return Server(HOST.parse(match["v6"] or match["host"]), port)


def _likely_server(text: str) -> str:
    """`https://blynk.cloud/external/api` → `blynk.cloud`; `fd00::5` → `[fd00::5]`."""
    place = (text.partition("://")[2] or text).partition("/")[0].rpartition("@")[2].strip()
    return f"[{place}]" if place.count(":") > 1 and not place.startswith("[") else place


SERVER = Scalar(
    parse_server,
    "a host with or without a port, such as blynk.cloud or 192.168.1.5:8080",
    lambda server: quoted(str(server)),
    likely=_likely_server,
)
