import asyncio

from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.gate import Gate
from blynk_gateway.history.intake import PACK_CHANGES, SLICE_CHANGES, Intake
from blynk_gateway.history.segments.recorder import Recorder

ORIGIN = Origin(OriginKind.DEVICE, "1")


def recorder() -> Recorder:
    return Recorder(next_seq=1, checkpoint_seq=0, streams={}, next_stream=1, devices=())


def put(intake: Intake, first: int, last: int) -> None:
    for seq in range(first, last + 1):
        intake.mailbox.put(
            PinChange(seq, "shed", "V1", ("1",), (), ORIGIN, Intent.REPORT, 0, None, 0)
        )


async def test_what_was_collected_is_packed_in_order_and_counted() -> None:
    intake, packed = Intake(Gate()), recorder()
    put(intake, 1, 3)
    intake.collect()
    assert (intake.newest_seq, packed.last_seq, len(intake.mailbox)) == (3, 0, 0)
    put(intake, 4, 5)
    await intake.record(packed)
    assert (intake.newest_seq, packed.last_seq, intake.recorded) == (5, 5, 5)
    assert packed.pending.points == 5


async def test_an_empty_mailbox_changes_nothing() -> None:
    intake, packed = Intake(Gate()), recorder()
    intake.newest_seq = 7
    intake.collect()
    await intake.record(packed)
    assert (intake.newest_seq, packed.last_seq, intake.recorded) == (7, 0, 0)


async def test_many_changes_give_others_a_turn_in_between() -> None:
    intake, packed = Intake(Gate()), recorder()
    put(intake, 1, 2 * SLICE_CHANGES)
    async with asyncio.TaskGroup() as group:
        recording = group.create_task(intake.record(packed), name="record")
        await asyncio.sleep(0)
        assert packed.last_seq == SLICE_CHANGES
        assert not recording.done()
    assert packed.last_seq == 2 * SLICE_CHANGES


async def test_nothing_is_packed_while_another_uses_the_recorder() -> None:
    intake, packed = Intake(Gate()), recorder()
    put(intake, 1, 1)
    async with asyncio.TaskGroup() as group, intake.packing:
        group.create_task(intake.record(packed), name="record")
        for _ in range(3):
            await asyncio.sleep(0)
        assert packed.last_seq == 0
    assert packed.last_seq == 1


async def test_it_is_worth_packing_when_there_is_enough_or_a_token_came() -> None:
    intake = Intake(Gate())
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(intake.wait(), name="wait")
        await asyncio.sleep(0)
        put(intake, 1, PACK_CHANGES - 1)
        await asyncio.sleep(0)
        assert not waiting.done()
        put(intake, PACK_CHANGES, PACK_CHANGES)
    assert intake.newest_seq == PACK_CHANGES
    async with asyncio.TaskGroup() as group:
        group.create_task(intake.wait(), name="wait")
        await asyncio.sleep(0)
        intake.mailbox.put_token(lambda: None)
