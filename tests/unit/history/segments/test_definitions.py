import pytest

from blynk_gateway.core.datastream import Authority, Datastream, DatastreamType
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.effects import EffectKind
from blynk_gateway.core.events import EventDefinition, EventType
from blynk_gateway.core.history import HistoryPolicy
from blynk_gateway.errors import HistoryCorrupt
from blynk_gateway.history.segments.definitions import dump, load

FULL = DeviceDefinition(
    slug="greenhouse",
    name="Gewächshaus \udcff",
    token="abc",
    source=DeviceSource.PAIRED,
    template="climate",
    datastreams={
        "V5": Datastream("V5", "Temperature", DatastreamType.DOUBLE, -40.5, 85, ("20.0",), "°C", 1),
        "V6": Datastream(
            "V6",
            "Mode",
            DatastreamType.ENUM,
            is_writable=False,
            is_synced=False,
            authority=Authority.CLOUD,
            labels=((0, "off"), (1, "on")),
            fallback=0,
            is_strict=True,
            parameters=1,
            effects=frozenset({EffectKind.BLINK, EffectKind.TOGGLE}),
            history=HistoryPolicy.OFF,
        ),
    },
    stale_after_ms=90_000,
    metadata={"Location": "Garten"},
    pins={"D8": DirectPin(PinMode.OUT), "A0": DirectPin(PinMode.IN, 1000)},
    events={
        "hot": EventDefinition("hot", "Too hot", EventType.CRITICAL, "!", ("phone",), 600_000, 5),
        "wet": EventDefinition("wet", "wet"),
    },
)


@pytest.mark.parametrize("definition", [FULL, DeviceDefinition("a", "A", "t")])
def test_definition_comes_back_as_it_went_in(definition: DeviceDefinition) -> None:
    assert load(dump(definition)) == definition


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        dump(FULL).replace('"paired"', '"stolen"'),
        dump(FULL).replace('"critical"', '"deadly"'),
        dump(FULL).replace('"slug"', '"snail"'),
        dump(FULL).replace('"greenhouse"', '"Green House"'),
    ],
)
def test_damaged_definition_is_reported(text: str) -> None:
    with pytest.raises(HistoryCorrupt, match="definition of a device"):
        load(text)
