"""The last hour of the simulated devices, so that charts have something to show at once."""

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.past import Point, latest_first
from blynk_gateway.core.store import PinStore
from blynk_gateway.demo.home import Resident
from blynk_gateway.demo.models import Model

HOUR_S = 3600
EVERY_S = 10

_ORIGIN = Origin(OriginKind.GATEWAY, "demo")


def hour_of(model: Model, now_ms: int) -> dict[str, list[Point]]:
    """What a model would have measured until now; it goes on from there.

    Returns:
        points by pin, oldest first, one every `EVERY_S` seconds.
    """
    points: dict[str, list[Point]] = {}
    for before_s in range(HOUR_S, 0, -EVERY_S):
        for pin, value in model.step(EVERY_S):
            points.setdefault(pin, []).append((now_ms - before_s * 1000, value))
    return points


def tell_past(store: PinStore, residents: tuple[Resident, ...], now_ms: int) -> None:
    """Put the last hour of each device into history, if it has none of its pins yet."""
    for resident in residents:
        for pin, points in hour_of(resident.model, now_ms).items():
            address = PinAddress(resident.slug, pin)
            if store.get(*address).value:
                # A kept data directory has a past of its own.
                continue
            for at_ms, value in latest_first(points):
                store.write(*address, value, _ORIGIN, Intent.PAST, at_ms)
