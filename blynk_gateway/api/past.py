"""The past of pins for requests: asked in slices, so that no answer is longer than memory.

Everything here yields batches; what sends them waits for the peer, and so does the reading.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import Final, NamedTuple, TypeVar

from blynk_gateway.api.faults import BadQuestion
from blynk_gateway.api.services import Services
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.history import Answer, HistoryPoint, HistoryPolicy, Question
from blynk_gateway.core.joined import Joined, join
from blynk_gateway.errors import InvalidValue
from blynk_gateway.formats.plain import PlainPoint, plain_number, plain_value
from blynk_gateway.formats.table import Row, TableForm
from blynk_gateway.formats.text import TextForm

MAX_STEPS: Final = 1_000_000
"""Steps that a range may have: minutes of almost two years, seconds of eleven days."""

SLICE_STEPS: Final = 10_000
"""Steps asked for at once: a megabyte or two."""

MINUTE_MS: Final = 60_000

_INLINE: Final = 200
"""Points that are faster turned into text than a thread is woken for them."""

A = TypeVar("A")
B = TypeVar("B")


class Batch(NamedTuple):
    """Some points of an answer, in order.

    Attributes:
        step_ms: 0 where they are what was written; the same for all batches of an answer.
        is_thinned: points were left out, see `Answer`.
    """

    step_ms: int
    is_thinned: bool
    points: list[PlainPoint]


class Past:
    """Answers questions of requests."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def check_known(self, address: PinAddress) -> None:
        """Check that a pin is there.

        Raises:
            UnknownDevice, UnknownPin: it was never written and has no datastream.
        """
        self._services.store.get(*address)

    async def has_points(self, question: Question) -> bool:
        """Whether the answer has any."""
        answer = await self._ask(question._replace(limit=1, width=None))
        return bool(answer.points or answer.steps)

    async def finest(self, address: PinAddress, from_ms: int, to_ms: int) -> Question | None:
        """The question for everything of a range: what was written, else minutes, None for nothing.

        Minutes are all there is of times long past, and of a pin whose policy says so: of its
        values only the newest are still there as they were written. Minutes are the latest
        `MAX_STEPS`.
        """
        written = Question(address, from_ms, to_ms)
        begin = max(from_ms, to_ms - MAX_STEPS * MINUTE_MS)
        choices = [written, written._replace(from_ms=begin, step_ms=MINUTE_MS)]
        stream = self._services.store.find_datastream(*address)
        if stream is not None and stream.history is HistoryPolicy.MINUTE:
            choices.reverse()
        for question in choices:
            if await self.has_points(question):
                return question
        return None

    async def batches(self, question: Question) -> AsyncGenerator[Batch, None]:
        """The answer, one batch at least.

        Raises:
            BadQuestion: a range that ends before it begins, or an absurd step or width.
            HistoryError: it cannot be read now.
        """
        if question.limit is not None or question.width is not None:
            yield await self._batch(await self._ask(question))
            return
        found = self._steps(question) if question.step_ms else self._written(question)
        async with aclosing(found):
            async for batch in found:
                yield batch

    async def joined(self, questions: Sequence[Question]) -> AsyncGenerator[Joined, None]:
        """Steps of several pins side by side, in order; one batch at least.

        Args:
            questions: different in their addresses alone, with a step.

        Raises:
            BadQuestion, HistoryError: as `batches`.
        """
        first, *_ = questions
        if first.limit is not None:
            found = join([await self._ask(question) for question in questions])
            yield found._replace(rows=found.rows[-first.limit :])
            return
        for part in _slices(first, SLICE_STEPS // len(questions)):
            answers = [await self._ask(part._replace(address=one.address)) for one in questions]
            yield await asyncio.to_thread(join, answers)

    async def _steps(self, question: Question) -> AsyncGenerator[Batch, None]:
        for part in _slices(question, SLICE_STEPS):
            yield await self._batch(await self._ask(part))

    async def _written(self, question: Question) -> AsyncGenerator[Batch, None]:
        is_text = self._services.store.is_text(*question.address)
        is_empty = True
        try:
            async with aclosing(self._services.history.export(*question[:3])) as found:
                async for points in found:
                    is_empty = False
                    plain = await off_loop(lambda some: _plain(some, is_text), points)
                    yield Batch(0, False, plain)
        except InvalidValue as error:
            raise BadQuestion(str(error)) from None
        if is_empty:
            yield Batch(0, False, [])

    async def _ask(self, question: Question) -> Answer:
        question = question._replace(is_text=self._services.store.is_text(*question.address))
        try:
            return await self._services.history.ask(question)
        except InvalidValue as error:
            raise BadQuestion(str(error)) from None

    async def _batch(self, answer: Answer) -> Batch:
        if answer.step_ms:
            steps: list[PlainPoint] = [
                (at_ms, plain_number(value)) for at_ms, value in answer.steps
            ]
            return Batch(answer.step_ms, answer.is_thinned, steps)
        is_text = self._services.store.is_text(*answer.address)
        points = await off_loop(lambda some: _plain(some, is_text), answer.points)
        return Batch(0, answer.is_thinned, points)


async def as_text(
    past: Past, form: TextForm, questions: list[Question]
) -> AsyncGenerator[bytes, None]:
    """The answers as one document, in pieces; nothing before the first question has an answer."""
    text = form.begin()
    for question in questions:
        is_begun = False
        async with aclosing(past.batches(question)) as batches:
            async for batch in batches:
                if not is_begun:
                    is_begun = True
                    text += form.begin_stream(
                        question.address, batch.step_ms, is_thinned=batch.is_thinned
                    )
                text += await off_loop(form.points, batch.points)
                yield text.encode()
                text = ""
        text += form.end_stream()
    yield (text + form.end()).encode()


async def as_table(
    past: Past, form: TableForm, questions: list[Question]
) -> AsyncGenerator[bytes, None]:
    """The answers side by side as one document, in pieces, as `as_text`."""
    text = form.begin([question.address for question in questions], questions[0].step_ms)
    async with aclosing(past.joined(questions)) as batches:
        async for batch in batches:
            text += await off_loop(lambda some: form.rows(_plain_rows(some)), batch.rows)
            yield text.encode()
            text = ""
    yield form.end().encode()


async def off_loop(function: Callable[[list[A]], B], points: list[A]) -> B:
    """Apply a function to points; in a thread if they are so many that devices would wait."""
    if len(points) <= _INLINE:
        return function(points)
    return await asyncio.to_thread(function, points)


def _plain(points: list[HistoryPoint], is_text: bool) -> list[PlainPoint]:
    # Sensors say the same again and again: each value is converted once.
    known = {value: plain_value(value, is_text=is_text) for value in {one[1] for one in points}}
    return [(at_ms, known[value]) for at_ms, value in points]


def _plain_rows(rows: list[tuple[int, list[float | None]]]) -> list[Row]:
    return [
        (at_ms, [None if value is None else plain_number(value) for value in values])
        for at_ms, values in rows
    ]


def _slices(question: Question, steps: int) -> Iterator[Question]:
    """The question for so many whole steps at a time."""
    if (question.to_ms - question.from_ms) // question.step_ms > MAX_STEPS:
        raise BadQuestion(
            f"the range has more than {MAX_STEPS} steps of {question.step_ms} ms;"
            " expected a longer step or a shorter range"
        )
    length = question.step_ms * steps
    begin = question.from_ms
    while begin < question.to_ms:
        end = min(question.to_ms, begin - begin % length + length)
        yield question._replace(from_ms=begin, to_ms=end)
        begin = end
