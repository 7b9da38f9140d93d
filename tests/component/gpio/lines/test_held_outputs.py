import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from blynk_gateway.errors import LineUnavailable
from blynk_gateway.gpio.lines.held_outputs import HeldOutput, HeldOutputs
from blynk_gateway.runtime.descriptors import Descriptors
from tests.helpers.descriptor_store import DescriptorStore, close_copies
from tests.helpers.kernel_gpio import FakeKernel

LINE = 17
OTHER = 27


@pytest.fixture
def kernel(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FakeKernel]:
    kernel = FakeKernel(monkeypatch, tmp_path_factory.mktemp("dev"))
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    yield kernel
    kernel.close()


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DescriptorStore]:
    async with DescriptorStore(tmp_path, monkeypatch) as store:
        yield store


class Process:
    """A process that drives lines, and ends by `die`, which closes what it has open."""

    def __init__(self, kernel: FakeKernel, descriptors: Descriptors) -> None:
        self.descriptors = descriptors
        self.outputs = HeldOutputs(descriptors)
        self._kernel = kernel

    def claim(
        self, line: int = LINE, *, active_high: bool = True, is_on: bool = True
    ) -> HeldOutput:
        return self.outputs.claim(self._kernel.path, line, active_high=active_high, is_on=is_on)

    def die(self) -> None:
        for fd in self.outputs._held.values():
            os.close(fd)
        close_copies(self.descriptors)


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize("is_on", [True, False])
async def test_a_line_is_claimed_at_its_level_and_obeys(
    kernel: FakeKernel, active_high: bool, is_on: bool
) -> None:
    process = Process(kernel, Descriptors())
    line = process.claim(active_high=active_high, is_on=is_on)
    assert line.fraction == is_on
    line.drive(1 - is_on)
    assert line.fraction == 1 - is_on
    level = int(is_on is active_high)
    assert kernel.driven == [(LINE, level), (LINE, 1 - level)]
    line.release()
    line.release()
    await process.outputs.free_released()
    assert kernel.open_lines() == []


async def test_a_line_is_held_while_no_process_lives_and_taken_over_without_a_claim(
    kernel: FakeKernel, store: DescriptorStore
) -> None:
    first = Process(kernel, store.descriptors())
    first.claim()
    await store.told()
    first.die()
    assert kernel.open_lines() == [LINE]
    second = Process(kernel, store.descriptors())
    assert second.outputs.find_level(LINE) == 1
    line = second.claim()
    assert len(kernel.requests) == 1
    assert set(kernel.driven) == {(LINE, 1)}
    line.drive(0)
    assert kernel.levels[LINE] == 0
    second.die()


async def test_a_line_given_up_is_free_for_anybody(
    kernel: FakeKernel, store: DescriptorStore
) -> None:
    process = Process(kernel, store.descriptors())
    process.claim().release()
    await store.told()
    await process.outputs.free_released()
    assert (kernel.open_lines(), store.stored) == ([], {})
    assert process.outputs.find_level(LINE) is None
    process.claim()
    process.die()


async def test_at_the_end_nothing_is_freed(kernel: FakeKernel, store: DescriptorStore) -> None:
    process = Process(kernel, store.descriptors())
    line = process.claim()
    process.outputs.is_ending = True
    line.drive(0)
    line.release()
    await process.outputs.free_released()
    await store.told()
    process.die()
    assert kernel.open_lines() == [LINE]
    assert kernel.levels[LINE] == 0


async def test_a_line_that_was_left_stays_until_something_else_is_to_use_it(
    kernel: FakeKernel, store: DescriptorStore
) -> None:
    process = Process(kernel, store.descriptors())
    process.claim().leave()
    used = process.claim(OTHER)
    await store.told()
    await process.outputs.free_released()
    await process.outputs.make_room({5})
    assert kernel.open_lines() == [LINE, OTHER]
    process.claim().leave()
    assert len(kernel.requests) == 2
    await process.outputs.make_room({LINE, OTHER})
    assert kernel.open_lines() == [OTHER]
    assert used.fraction == 1
    process.die()


async def test_what_is_no_output_any_more_is_freed_at_a_start(
    kernel: FakeKernel, store: DescriptorStore
) -> None:
    first = Process(kernel, store.descriptors())
    first.claim()
    first.claim(OTHER)
    await store.told()
    first.die()
    second = Process(kernel, store.descriptors())
    await second.outputs.free_all_but({OTHER}, kernel.path)
    assert kernel.open_lines() == [OTHER]
    assert list(store.stored) == [f"gpio-{OTHER}"]
    second.die()


async def test_what_is_no_line_is_forgotten(kernel: FakeKernel, store: DescriptorStore) -> None:
    names = ["gpio-17", "gpio-x", "gpio-"]
    for name in names:
        reading, writing = os.pipe()
        os.close(writing)
        store.stored[name] = reading
    process = Process(kernel, store.descriptors())
    assert process.outputs.find_level(LINE) is None
    await process.outputs.free_all_but({LINE}, kernel.path)
    assert store.stored == {}
    process.claim()
    assert kernel.open_lines() == [LINE]
    process.die()


async def test_a_line_is_free_when_the_manager_has_closed_it_too(
    kernel: FakeKernel, store: DescriptorStore
) -> None:
    """Which it may do some time after it said so."""
    process = Process(kernel, store.descriptors())
    line = process.claim()
    await store.told()
    late = os.dup(store.stored["gpio-17"])
    line.release()
    asyncio.get_running_loop().call_later(0.05, os.close, late)
    await process.outputs.free_released()
    assert kernel.open_lines() == []


async def test_a_line_in_use_is_refused(kernel: FakeKernel) -> None:
    process = Process(kernel, Descriptors())
    kernel.hold(OTHER, "somebody", 0)
    with pytest.raises(LineUnavailable, match="in use by 'somebody'"):
        process.claim(OTHER)
    line = process.claim()
    with pytest.raises(LineUnavailable, match="another output"):
        process.claim(is_on=False)
    assert line.fraction == 1
    process.die()


async def test_a_line_whose_chip_is_gone_is_claimed_anew(kernel: FakeKernel) -> None:
    process = Process(kernel, Descriptors())
    process.claim().leave()
    kernel.levels[LINE] = None
    with pytest.raises(OSError, match="Input/output error"):
        process.claim()
    assert kernel.open_lines() == []
    kernel.levels[LINE] = 0
    assert process.claim().fraction == 1
    assert len(kernel.requests) == 2
    process.die()
