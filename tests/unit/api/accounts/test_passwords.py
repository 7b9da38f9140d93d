import asyncio

import pytest

from blynk_gateway.api.accounts import passwords
from blynk_gateway.api.accounts.passwords import AT_ONCE, MAX_WAITING, Passwords
from blynk_gateway.api.faults import Throttled

CHEAP = "scrypt$16$8$1$AAAAAAAAAAAAAAAAAAAAAA==$6WHTs9AOvk4rGB4WxEEGqz2ZF9EQJJoQ6aSzRWdGLWI="


async def test_password_is_right_only_as_it_was_typed() -> None:
    made = await Passwords().hash("Pässwort 1")
    assert made.startswith("scrypt$16384$8$1$")
    assert await Passwords().is_right("Pässwort 1", made)
    assert not await Passwords().is_right("pässwort 1", made)
    assert not Passwords().is_outdated(made)


async def test_equal_passwords_have_different_hashes() -> None:
    one = Passwords()
    assert await one.hash("correct horse") != await one.hash("correct horse")


async def test_keyboards_that_write_one_letter_in_two_ways_get_in_alike() -> None:
    made = await Passwords().hash("Pa\u0308sswort")
    assert await Passwords().is_right("P\u00e4sswort", made)


async def test_lone_surrogates_are_no_fault() -> None:
    assert not await Passwords().is_right("\ud800", None)


async def test_unknown_user_costs_a_hash_too(monkeypatch: pytest.MonkeyPatch) -> None:
    costs = []
    scrypt = passwords._scrypt

    def noted(password: str, salt: bytes, cost: passwords._Cost) -> bytes:
        costs.append(cost)
        return scrypt(password, salt, cost)

    monkeypatch.setattr(passwords, "_scrypt", noted)
    one = Passwords()
    made = await one.hash("correct horse")
    assert not await one.is_right("wrong", made)
    assert not await one.is_right("wrong", None)
    assert costs[0] == costs[1] == costs[2]


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "scrypt",
        "md5$16384$8$1$AAAA$AAAA",
        "scrypt$x$8$1$AAAA$AAAA",
        "scrypt$16384$8$1$!$AAAA",
        "scrypt$1073741824$8$1$AAAA$AAAA",
    ],
)
async def test_damaged_hash_lets_nobody_in_and_takes_no_memory(stored: str) -> None:
    one = Passwords()
    assert one.is_outdated(stored)
    assert not await one.is_right("correct horse", stored or "$")


def test_hash_of_another_cost_is_outdated() -> None:
    assert Passwords().is_outdated(CHEAP)


async def test_two_hashes_run_at_once_and_a_flood_is_turned_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    present, most = 0, 0
    let_go = asyncio.Event()

    async def slow(*_: object) -> bytes:
        nonlocal present, most
        present += 1
        most = max(most, present)
        await let_go.wait()
        present -= 1
        return b""

    monkeypatch.setattr(asyncio, "to_thread", slow)
    one = Passwords()
    async with asyncio.TaskGroup() as group:
        for number in range(MAX_WAITING):
            group.create_task(one.is_right("x", None), name=f"login {number}")
        for _ in range(5):
            await asyncio.sleep(0)
        with pytest.raises(Throttled):
            await one.is_right("x", None)
        assert present == AT_ONCE
        let_go.set()
    assert most == AT_ONCE
    assert not await one.is_right("x", None)
