"""The parts of the gateway that request handlers work with."""

from dataclasses import dataclass, field
from pathlib import Path

from blynk_gateway.core.history import History
from blynk_gateway.core.ports import ApiTokens, Backups, DeviceLinks, Gpio, Journal, PinReader
from blynk_gateway.core.upstream import NoUpstreams, Upstreams
from blynk_gateway.runtime.parts import Parts


@dataclass(slots=True, kw_only=True)
class Services(Parts):
    """Everything a handler may use, handed over by `gateway.py`.

    Attributes:
        links: takes device connections that come inside WebSockets.
        gpio: the Pi's own pins.
        history: answers questions about the past.
        backups: makes backups of all data.
        reader: reads direct pins, those of the Pi and of devices alike.
        data_dir: uploads are kept below it.
        upstreams: the servers above.
    """

    journal: Journal
    tokens: ApiTokens
    links: DeviceLinks
    gpio: Gpio
    reader: PinReader
    history: History
    backups: Backups
    data_dir: Path
    upstreams: Upstreams = field(default_factory=NoUpstreams)
