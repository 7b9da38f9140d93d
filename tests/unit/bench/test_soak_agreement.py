"""Whoever has another value at the end is named."""

from bench.soak import agreement
from bench.soak.devices import slug_of
from bench.soak.ledger import Accepted, Count
from bench.soak.world import LINKED, RULED

STORED = {"a/V1": ["7"], "a/V2": ["x", "y"], "a/D3": ["1"], "a/V4": []}


def compared(there: dict[str, list[str]]) -> list[str]:
    return agreement._compared("MQTT", there, STORED, lambda address: "/V" in address)


def test_all_that_concerns_somebody_has_to_be_there_as_it_is_stored() -> None:
    assert compared({"a/V1": ["7"], "a/V2": ["x", "y"]}) == []
    assert compared({"a/V1": ["6"], "a/V2": ["x", "y"]}) == ["MQTT has ['6'] for a/V1, not ['7']"]
    assert compared({"a/V1": ["7"]}) == ["MQTT has [] for a/V2, not ['x', 'y']"]


def test_store_has_the_last_accepted_number_or_a_later_one_that_was_sent() -> None:
    counts = {"a": Count(9, [Accepted(1.0, 1, 8)]), "idle": Count()}
    for value, faults in ((["8"], 0), (["9"], 0), (["7"], 1), (["10"], 1), ([], 1)):
        assert len(agreement._by_ledger({"a/V1": value}, counts)) == faults


def test_link_and_rule_have_what_they_follow() -> None:
    first, second, third = (slug_of(number) for number in range(3))
    stored = {f"{second}/V1": ["5"], f"{third}/V1": ["6"]}
    followed = {f"{first}/{LINKED}": ["5"], f"{third}/{RULED}": ["6"]}
    assert agreement._by_rules({**stored, **followed}) == []
    assert len(agreement._by_rules(stored)) == 2
