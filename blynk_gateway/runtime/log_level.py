"""The level to log from, and how it is changed for a while."""

import logging
from typing import Final

from blynk_gateway.runtime.log_ring import LEVELS

log = logging.getLogger(__name__)

DEBUG: Final = "debug"

CHOICES: Final = tuple(name for name in LEVELS if name != "critical")
"""Those that the configuration knows."""


def current_level() -> str:
    """The level in force."""
    number = logging.getLogger().level
    return next((name for name, least in LEVELS.items() if number <= least), CHOICES[-1])


def set_level(level: str) -> None:
    """Log from this level up, one of `CHOICES`."""
    logging.getLogger().setLevel(LEVELS[level])


def change_level(level: str, reason: str) -> None:
    """As `set_level`, and have the log say so, whatever is logged.

    Args:
        reason: who changed it.
    """
    before = current_level()
    if level == before:
        return
    # While the more talkative of the two is in force, or nobody would see it at `error`.
    set_level(min(level, before, key=list(LEVELS).index))
    log.log(
        max(logging.INFO, logging.getLogger().level),
        "log level changed",
        extra={"before": before, "now": level, "reason": reason},
    )
    set_level(level)


def toggle_debug(configured: str) -> None:
    """From `debug` to the configured level, and from any other to `debug`."""
    change_level(configured if current_level() == DEBUG else DEBUG, "signal")
