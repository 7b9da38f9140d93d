"""The check of the Pi's supply: a weak one breaks cards, and restarts boards that hang on it."""

from collections.abc import Iterator

from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.finding import Finding, ok, warning
from blynk_gateway.runtime.power import PowerSupply

_NAME = "power supply"


def check_power(case: Case) -> Iterator[Finding]:
    """The supply is good now, where the machine tells it."""
    trouble = PowerSupply(case.root).trouble()
    if trouble:
        yield warning(
            _NAME,
            trouble,
            "Use the supply that belongs to this Pi and a short cable, and feed what needs much by"
            " a supply of its own; look whether air gets to it.",
        )
    elif trouble is not None:
        yield ok(_NAME, "it is good")
