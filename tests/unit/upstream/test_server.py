"""One server above with its mappings."""

from dataclasses import replace

from blynk_gateway.config.upstream.options import BudgetOptions, Via
from blynk_gateway.upstream.parts import UpstreamParts
from blynk_gateway.upstream.server import Server
from tests.helpers.upstream import Below, mapped, mapping, upstream


def parts_of(below: Below) -> UpstreamParts:
    return UpstreamParts.beside(
        below.parts, trail=below.trail, apps=below.parts.apps, catch_up=below.catch_up
    )


def test_mappings_share_one_budget_and_keep_places_of_their_own() -> None:
    below = Below()
    options = upstream(budget=BudgetOptions(day=10), via=Via.MQTT)
    other = mapping(mapped("shed/V1"), slug="shed")
    options = replace(options, devices={**options.devices, "shed": other})
    server = Server(parts_of(below), options, {}, 100)
    house, shed = server.workers
    house.parts.budget.spend(3, below.clock.now_ms())
    house.parts.standing.progress.live_done(120)
    assert shed.parts.standing.progress.done == 100
    state = server.state()
    assert (state.name, state.server, state.via) == ("cloud", "cloud.example", "mqtt")
    assert [one.device for one in state.mappings] == ["house", "shed"]
    assert state.budgets[0].spent == 3


def test_notes_bring_budget_and_places_back() -> None:
    below = Below()
    options = upstream(budget=BudgetOptions(day=10))
    server = Server(parts_of(below), options, {}, 100)
    server.workers[0].parts.budget.spend(4, below.clock.now_ms())
    server.workers[0].parts.standing.progress.live_done(120)
    notes = server.notes()
    assert notes.keys() == {"cloud", "cloud/house"}
    again = Server(parts_of(below), options, notes, 120)
    assert again.state().budgets[0].spent == 4
    assert again.workers[0].parts.standing.progress.done == 120
    assert again.workers[0].parts.key == "cloud/house"
    assert again.workers[0].parts.component == "upstream cloud/house"
