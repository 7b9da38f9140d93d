"""The past in slices."""

import pytest

from blynk_gateway.api.faults import BadQuestion
from blynk_gateway.api.past import MAX_STEPS, MINUTE_MS, Past, as_text, off_loop
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.datastream import Datastream, DatastreamType, Template
from blynk_gateway.core.history import Aggregate, HistoryPolicy, Question
from blynk_gateway.core.joined import join
from blynk_gateway.formats.text import FORMS, TextFormat
from tests.helpers.http import Site

V3 = PinAddress("greenhouse", "V3")
NOW = 1_700_000_000_000
DAY = 86_400_000


@pytest.mark.parametrize("step_ms", [13, 7000, 1000, MINUTE_MS, DAY, 3 * DAY])
async def test_slices_give_what_one_question_gives(site: Site, step_ms: int) -> None:
    span = min(step_ms * 30_000, NOW)
    for number in range(300):
        site.history.add(V3, NOW - span + number * span // 300, str(number))
    question = Question(V3, NOW - span, NOW, step_ms, aggregate=Aggregate.SUM)
    whole = await site.history.ask(question)
    found = [
        point async for batch in Past(site.services).batches(question) for point in batch.points
    ]
    assert found == [tuple(step) for step in whole.steps]


async def test_slices_side_by_side_give_what_one_join_gives(site: Site) -> None:
    other = PinAddress("greenhouse", "V4")
    for number in range(200):
        site.history.add(V3 if number % 3 else other, NOW - number * 100_000, str(number))
    questions = [Question(one, NOW - 20_000_000, NOW, 1000) for one in (V3, other)]
    whole = join([await site.history.ask(question) for question in questions])
    batches = [batch async for batch in Past(site.services).joined(questions)]
    assert len(batches) > 1
    assert [row for batch in batches for row in batch.rows] == whole.rows
    assert {batch.step_ms for batch in batches} == {1000}


async def test_steps_beyond_all_reason_are_refused_before_any_is_asked_for(site: Site) -> None:
    question = Question(V3, 0, (MAX_STEPS + 1) * 1000, 1000)
    with pytest.raises(BadQuestion, match="expected a longer step"):
        await anext(Past(site.services).batches(question))
    assert site.history.asked == []


async def test_export_that_nobody_reads_on_lets_go_of_the_database(site: Site) -> None:
    for number in range(5000):
        site.history.add(V3, NOW - number, "1")
    pieces = as_text(Past(site.services), FORMS[TextFormat.CSV](False), [Question(V3, 0, NOW + 1)])
    assert (await anext(pieces)).startswith(b"at_ms,value\n")
    assert site.history.exporting == 1
    await pieces.aclose()
    assert site.history.exporting == 0


async def test_finest_is_what_was_written_else_minutes_else_nothing(site: Site) -> None:
    past = Past(site.services)
    assert await past.finest(V3, 0, NOW) is None
    site.history.add(V3, NOW - 1, "1")
    assert await past.finest(V3, 0, NOW) == Question(V3, 0, NOW)
    site.history.minutes_only.add(V3)
    assert await past.finest(V3, 0, NOW) == Question(
        V3, NOW - MAX_STEPS * MINUTE_MS, NOW, MINUTE_MS
    )


async def test_finest_of_a_pin_that_keeps_minutes_is_not_its_newest_values(site: Site) -> None:
    # Which are there until they are archived.
    stream = Datastream("V3", "Temperature", DatastreamType.DOUBLE, history=HistoryPolicy.MINUTE)
    site.registry.use_templates({"climate": Template("climate", {"V3": stream})})
    past = Past(site.services)
    site.history.add(V3, NOW - 1, "off")
    assert await past.finest(V3, 0, NOW) == Question(V3, 0, NOW)
    site.history.add(V3, NOW - 1, "1")
    assert await past.finest(V3, NOW - DAY, NOW) == Question(V3, NOW - DAY, NOW, MINUTE_MS)


async def test_history_is_told_which_pins_hold_texts(site: Site) -> None:
    past = Past(site.services)
    for pin in ("V3", "V7"):
        question = Question(PinAddress("greenhouse", pin), 0, NOW, width=10)
        assert [batch.points async for batch in past.batches(question)] == [[]]
    assert [question.is_text for question in site.history.asked] == [False, True]


@pytest.mark.parametrize("size", [0, 1, 10_000])
async def test_work_off_the_loop_is_the_same_work(size: int) -> None:
    assert await off_loop(sum, list(range(size))) == sum(range(size))
