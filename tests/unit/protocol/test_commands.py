"""The numbers of the wire."""

from blynk_gateway.protocol.commands import (
    FIRST_IMPOSSIBLE_COMMAND,
    LOGINS,
    SAFE_FOR_EVERY_DEVICE,
    SAFE_FOR_SOME_DEVICES,
    Command,
    Status,
)


def test_numbers_are_those_of_the_device_library() -> None:
    numbers = [int(command) for command in (Command.HARDWARE, Command.HW_LOGIN, Command.REDIRECT)]
    assert numbers == [20, 29, 41]
    assert Command(16) is Command.SYNC
    assert Status(9) is Status.INVALID_TOKEN


def test_every_member_has_a_sentence() -> None:
    for member in (*Command, *Status):
        assert member.doc.endswith("."), member


def test_nothing_that_makes_clients_hang_up_counts_as_safe() -> None:
    sendable = SAFE_FOR_EVERY_DEVICE | SAFE_FOR_SOME_DEVICES
    never = {Command.PING, Command.SYNC, Command.PROPERTY, Command.EVENT_LOG, Command.EVENT_CLEAR}
    assert not sendable & never
    assert not sendable & LOGINS
    assert not SAFE_FOR_EVERY_DEVICE & SAFE_FOR_SOME_DEVICES


def test_every_known_command_is_possible() -> None:
    assert all(command < FIRST_IMPOSSIBLE_COMMAND for command in Command)
