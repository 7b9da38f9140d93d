import pytest

from blynk_gateway.core.automations import (
    Automations,
    AutomationStopped,
    NoAutomations,
    NoNotifications,
    Notifications,
    NoWebhooks,
    UnknownAutomation,
    UnknownService,
    UnknownWebhook,
    Webhooks,
    unknown_automation,
)


async def test_without_rules_there_is_nothing_and_every_name_is_unknown() -> None:
    none: Automations = NoAutomations()
    assert none.states() == []
    assert await none.runs(None, 10) == []
    for ask in (
        lambda: none.find("x"),
        lambda: none.run("x", "somebody"),
        lambda: none.test("x", None),
        lambda: none.set_enabled("x", True),
    ):
        with pytest.raises(UnknownAutomation, match="'x'"):
            ask()


async def test_without_webhooks_and_services_every_name_is_unknown() -> None:
    webhooks: Webhooks = NoWebhooks()
    services: Notifications = NoNotifications()
    assert (webhooks.states(), services.states()) == ([], [])
    with pytest.raises(UnknownWebhook, match="'x'"):
        await webhooks.test("x", None)
    with pytest.raises(UnknownService, match="'x'"):
        await services.test("x")


def test_a_complaint_repeats_no_more_than_a_name() -> None:
    text = str(unknown_automation("\ud800" + "x" * 10_000))
    assert "\N{REPLACEMENT CHARACTER}xxx" in text
    assert len(text) < 150


@pytest.mark.parametrize(
    "error", [UnknownAutomation, AutomationStopped, UnknownWebhook, UnknownService]
)
def test_every_complaint_says_what_to_do(error: type[UnknownAutomation]) -> None:
    assert "`blynk-gateway " in error.hint
