"""What features use of the rest of the gateway."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.core.ports import Backups, PinReader
from blynk_gateway.mqtt.messages import RuleMessages


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttServices:
    """What features use of the rest of the gateway, handed over by `gateway.py`.

    Attributes:
        reader: reads direct pins.
        backups: makes backups.
        data_dir: backups are kept below it.
        backlog: how many changes are not yet on disk.
        reload: loads the configuration again; raises ConfigError for a faulty one. None where there
            is no file.
        restart: has this process end cleanly, soon, and begin anew; raises ConfigError where it
            could not begin with the file as it is now. None where it cannot.
        peripherals: what is wired to each pin of the gateway's own device, by pin.
        quota: of messages of each device.
        url: where the dashboard is, None if that is not known.
        messages: those of rules.
    """

    reader: PinReader
    backups: Backups
    data_dir: Path
    backlog: Callable[[], int]
    reload: Callable[[], Awaitable[None]] | None
    restart: Callable[[], Awaitable[None]] | None
    peripherals: Callable[[], Mapping[str, PeripheralOptions]]
    quota: Callable[[], QuotaOptions]
    url: Callable[[], str | None]
    messages: RuleMessages
