import pytest

from blynk_gateway.blynk_server.admission import Admission
from blynk_gateway.blynk_server.context import BUFFER_BYTES, MIN_READ_BYTES, Context
from blynk_gateway.blynk_server.quota import Limits
from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.runtime.logs import Repeats
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted


def make_context(clock: FakeClock) -> Context:
    parts = Parts.new(clock, Zone.of("UTC"), trusted(clock))
    return Context.beside(
        parts,
        limits=Limits(parts.registry, QuotaOptions()),
        admission=Admission(10),
        repeats=Repeats(clock),
    )


@pytest.mark.parametrize(
    ("messages_per_second", "size"),
    [(0, BUFFER_BYTES), (1, MIN_READ_BYTES), (500, 5500), (10**6, BUFFER_BYTES)],
)
def test_a_quota_limits_what_is_read_at_once(messages_per_second: int, size: int) -> None:
    context = make_context(FakeClock())
    context.set_read_size(messages_per_second)
    assert len(context.buffer) == size


def test_lines_of_one_key_come_once_a_minute_with_a_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    context = make_context(clock)
    for _ in range(3):
        context.log_limited(30, "refused", "host", peer="p")
    context.log_limited(30, "refused", "other", peer="p")
    clock.advance(61)
    context.log_limited(30, "refused", "host", peer="p")
    assert [getattr(line, "held_back", 0) for line in caplog.records] == [0, 0, 2]
