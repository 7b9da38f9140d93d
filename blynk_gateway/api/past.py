"""The past of pins for requests: asked in slices, so that no answer is longer than memory.

Everything here yields batches; what sends them waits for the peer, and so does the reading.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final, NamedTuple, TypeVar

from blynk_gateway.api.faults import BadQuestion
from blynk_gateway.api.services import Services
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.history import Answer, HistoryPoint, Question
from blynk_gateway.errors import InvalidValue
from blynk_gateway.formats.plain import PlainPoint, plain_number, plain_value
from blynk_gateway.formats.text import TextForm

MAX_STEPS: Final = 1_000_000
"""Steps that a range may have: minutes of almost two years, seconds of eleven days."""

SLICE_STEPS: Final = 10_000
"""Steps asked for at once: a megabyte or two."""

MINUTE_MS: Final = 60_000
_DAY_MS: Final = 86_400_000

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

        Minutes are all there is of a pin whose policy says so, and of times long past; there are
        the latest `MAX_STEPS` then.
        """
        written = Question(address, from_ms, to_ms)
        if await self.has_points(written):
            return written
        begin = max(from_ms, to_ms - MAX_STEPS * MINUTE_MS)
        minutes = written._replace(from_ms=begin, step_ms=MINUTE_MS)
        return minutes if await self.has_points(minutes) else None

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

    async def _steps(self, question: Question) -> AsyncGenerator[Batch, None]:
        if (question.to_ms - question.from_ms) // question.step_ms > MAX_STEPS:
            raise BadQuestion(
                f"the range has more than {MAX_STEPS} steps of {question.step_ms} ms;"
                " expected a longer step or a shorter range"
            )
        length = _slice_ms(question.step_ms)
        begin = question.from_ms
        while begin < question.to_ms:
            end = min(question.to_ms, begin - begin % length + length)
            answer = await self._ask(question._replace(from_ms=begin, to_ms=end))
            yield await self._batch(answer)
            begin = end

    async def _written(self, question: Question) -> AsyncGenerator[Batch, None]:
        is_text = self._is_text(question.address)
        is_empty = True
        found = self._services.history.export(*question[:3])
        try:
            async for points in found:
                is_empty = False
                yield Batch(0, False, await off_loop(lambda some: _plain(some, is_text), points))
        except InvalidValue as error:
            raise BadQuestion(str(error)) from None
        finally:
            if isinstance(found, AsyncGenerator):
                # Now, and not when it is collected: it holds a connection to the database.
                await found.aclose()
        if is_empty:
            yield Batch(0, False, [])

    async def _ask(self, question: Question) -> Answer:
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
        is_text = self._is_text(answer.address)
        points = await off_loop(lambda some: _plain(some, is_text), answer.points)
        return Batch(0, answer.is_thinned, points)

    def _is_text(self, address: PinAddress) -> bool:
        state = self._services.store.find(*address)
        stream = None if state is None else state.datastream
        return stream is not None and not stream.is_numeric


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


async def off_loop(function: Callable[[list[A]], B], points: list[A]) -> B:
    """Apply a function to points; in a thread if they are so many that devices would wait."""
    if len(points) <= _INLINE:
        return function(points)
    return await asyncio.to_thread(function, points)


def _plain(points: list[HistoryPoint], is_text: bool) -> list[PlainPoint]:
    # Sensors say the same again and again: each value is converted once.
    known = {value: plain_value(value, is_text=is_text) for value in {one[1] for one in points}}
    return [(at_ms, known[value]) for at_ms, value in points]


def _slice_ms(step_ms: int) -> int:
    """How much is asked for at once: whole steps, and whole days where they hold whole steps.

    Coarser steps than the asked ones, if only those are left, then do not straddle slices.
    """
    length = step_ms * SLICE_STEPS
    if _DAY_MS % step_ms or _DAY_MS // step_ms > 10 * SLICE_STEPS:
        return length
    return max(length // _DAY_MS, 1) * _DAY_MS
