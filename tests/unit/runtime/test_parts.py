from dataclasses import dataclass

from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted


@dataclass(slots=True, kw_only=True)
class Adapter(Parts):
    limit: int


def test_an_adapter_works_with_the_same_parts_and_its_own() -> None:
    clock = FakeClock()
    parts = Parts.new(clock, Zone.of("UTC"), trusted(clock))
    adapter = Adapter.beside(parts, limit=3)
    assert adapter.store is parts.store
    assert adapter.registry is parts.registry
    assert adapter.health is parts.health
    assert adapter.limit == 3
