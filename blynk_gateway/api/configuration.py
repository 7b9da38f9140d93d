"""The configuration as request handlers see it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from blynk_gateway.config import Options
from blynk_gateway.core.links import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What is in force, where it is from, and how to have it read anew.

    Attributes:
        file: None for defaults.
        options: the options in force now.
        reload: loads the file again; None where there is none.
        lan_address: host and port at which boards on the network find the gateway; None without
            a plain listener.
        is_stopped: whether a link was switched off because it ran in a circle.
    """

    file: Path | None = None
    options: Callable[[], Options] = Options
    reload: Callable[[], Awaitable[None]] | None = None
    lan_address: Callable[[], tuple[str, int] | None] = lambda: None
    is_stopped: Callable[[Link], bool] = lambda _link: False
