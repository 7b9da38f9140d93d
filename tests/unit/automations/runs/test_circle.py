from blynk_gateway.automations.runs.circle import describe
from blynk_gateway.automations.runs.record import Program, RunRecord
from blynk_gateway.config.automations.options import (
    Action,
    EventAction,
    PulseAction,
    SceneAction,
    WebhookAction,
)
from blynk_gateway.core.address import parse_address
from tests.unit.automations.runs.system import System, rule, setting

SYSTEM = System()
PULSE = PulseAction(parse_address("a/V1"))


class Way:
    """Runs in the order in which they began; each is caused by the one before."""

    def __init__(self) -> None:
        self.runs: list[RunRecord] = []
        self.depth = 0

    def run(self, name: str, *then: Action, links: int = 0, **cause: object) -> RunRecord:
        """Another run.

        Args:
            links: that carried the effect of the run before.
        """
        self.depth += links
        options = rule(name, *then)
        number = len(self.runs) + 1
        made = SYSTEM.cause(depth=self.depth, **cause)
        self.runs.append(RunRecord(number, Program(options), made, 0))
        self.depth += 1
        return self.runs[-1]

    def told(self) -> str:
        return describe(self.runs[-1], self.runs)


def test_two_rules_that_write_what_starts_the_other() -> None:
    way = Way()
    for _ in range(2):
        way.run("Up", setting(a_V2="1"), device="a", pin="V1")
        way.run("Other", setting(a_V9="1"), device="a", pin="V1")
        way.depth -= 1
        way.run("Down", PULSE, device="a", pin="V2")
    way.run("Up", device="a", pin="V1")
    assert way.told() == (
        "it ran in a circle: up → a/V2 → down → a/V1 → up;"
        " let one of them wait for a second or more, or not do what starts the next"
    )


def test_scenes_and_events() -> None:
    way = Way()
    way.run("Scene", EventAction("hot"), text="rule Ring")
    way.run("Ring", SceneAction("scene"), event="hot", device="a")
    way.run("Scene", EventAction("hot"), text="rule Ring", event="hot", device="a")
    assert "a circle: scene → event hot → ring → scene;" in way.told()


def test_links_and_answers_of_webhooks() -> None:
    way = Way()
    way.run("Hook", WebhookAction("cloud"), device="a", pin="V1")
    way.run("Back", setting(a_V4="1"), device="a", pin="V2")
    way.run("Hook", WebhookAction("cloud"), links=1, device="a", pin="V1")
    found = "a circle: hook → webhook cloud → a/V2 → back → a link → a/V1 → hook;"
    assert found in way.told()


def test_row_that_leads_back_to_nobody() -> None:
    way = Way()
    way.run("First", setting(a_V2="1"), device="a", pin="V1")
    way.run("Second", device="a", pin="V2")
    assert way.told() == (
        "it was the last of more than 8 effects of one change: … → first → a/V2 → second;"
        " let one of them wait for a second or more"
    )


def test_what_led_to_it_may_be_forgotten() -> None:
    way = Way()
    way.run("Lone", device="a", pin="V1")
    assert "of one change: lone;" in way.told()
