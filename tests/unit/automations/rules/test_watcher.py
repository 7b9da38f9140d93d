from blynk_gateway.automations.rules.watcher import Stateless


def test_who_has_no_state_takes_and_leaves_none() -> None:
    watcher = Stateless()
    watcher.begin()
    watcher.restore({"held": True})
    watcher.forget("a")
    watcher.end()
    assert watcher.state() is None
