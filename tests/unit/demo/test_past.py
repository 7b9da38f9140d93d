from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import Origin, OriginKind, PastChange, PinChange
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.device import DeviceRegistry
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.store import PinStore
from blynk_gateway.demo.home import Resident
from blynk_gateway.demo.models import Greenhouse
from blynk_gateway.demo.past import EVERY_S, HOUR_S, hour_of, tell_past
from tests.helpers.clock import FakeClock

CONFIG = Origin(OriginKind.GATEWAY, "config")
TOKEN = "4ae3851817194e2596cf1b7103603ef8"


def test_hour_has_every_measurement_in_order_up_to_now() -> None:
    points = hour_of(Greenhouse(), 10_000_000)["V0"]
    assert len(points) == HOUR_S / EVERY_S
    assert [at_ms for at_ms, _ in points] == sorted(at_ms for at_ms, _ in points)
    assert points[0][0] == 10_000_000 - HOUR_S * 1000
    assert points[-1][0] == 10_000_000 - EVERY_S * 1000


def test_model_goes_on_where_its_past_ends() -> None:
    model = Greenhouse()
    ((_, last),) = hour_of(model, 10_000_000)["V0"][-1:]
    ((_, (following,)), *_) = model.step(0.1)
    assert abs(float(following) - float(last[0])) < 0.1


def test_past_is_history_and_only_its_latest_point_stands() -> None:
    clock = FakeClock()
    bus = PinBus()
    store = PinStore(bus, clock)
    registry = DeviceRegistry(bus, store, clock)
    definition = DeviceDefinition(
        "greenhouse", "Greenhouse", TOKEN, datastreams=Greenhouse.datastreams
    )
    registry.add(definition, CONFIG)
    resident = Resident("greenhouse", "Greenhouse", TOKEN, Greenhouse())
    mailbox = Mailbox(10_000, Overflow.CLOSE)
    bus.subscribe(mailbox, origin=None, echo=True)
    tell_past(store, (resident,), clock.now_ms())
    told = [
        one
        for one in mailbox.drain()
        if isinstance(one, PinChange | PastChange) and one.pin == "V0"
    ]
    assert [type(one) for one in told[:2]] == [PinChange, PastChange]
    assert len(told) == HOUR_S / EVERY_S
    assert store.get("greenhouse", "V0").at_ms == clock.now_ms() - EVERY_S * 1000

    tell_past(store, (resident,), clock.now_ms())
    assert mailbox.drain() == []
