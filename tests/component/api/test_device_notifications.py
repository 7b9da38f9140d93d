from blynk_gateway.api.device_notifications import OVER_LIMIT
from blynk_gateway.core.change import EventKind
from blynk_gateway.core.notifications import Channel, Notification
from tests.helpers.http import TOKEN, Site
from tests.helpers.notifications import MemoryNotifier

T = f"/{TOKEN}"


async def test_notifications_are_recorded_and_handed_over_whole(site: Site) -> None:
    site.services.notifier = notifier = MemoryNotifier()
    await site.request("POST", f"{T}/notify", {"body": "It is hot"})
    body = {"to": "{DEVICE_OWNER_EMAIL}", "subj": "Hot", "title": "x" * 400}
    await site.request("POST", f"{T}/email", body)
    assert notifier.taken == [
        ("greenhouse", Notification(Channel.PUSH, "It is hot")),
        (
            "greenhouse",
            Notification(Channel.EMAIL, "x" * 400, "Hot", "{DEVICE_OWNER_EMAIL}"),
        ),
    ]
    email, notify = await site.journal.events("greenhouse", 10)
    assert (notify.kind, notify.code) == (EventKind.NOTIFICATION, "notify")
    assert len(email.description) == 300


async def test_each_channel_takes_one_in_five_seconds_and_a_hundred_a_day(site: Site) -> None:
    site.services.notifier = notifier = MemoryNotifier()

    async def notify() -> tuple[int, str]:
        answer = await site.request("POST", f"{T}/notify", {"body": "hot"})
        return answer.status, answer.text

    assert await notify() == (200, "")
    assert await notify() == (429, OVER_LIMIT)
    email = await site.request("POST", f"{T}/email", {"to": "a@b", "subj": "s"})
    assert email.status == 200
    for _ in range(99):
        site.clock.advance(5)
        assert await notify() == (200, "")
    site.clock.advance(5)
    assert await notify() == (429, OVER_LIMIT)
    assert len(notifier.taken) == 101
    site.clock.advance(86_400)
    assert await notify() == (200, "")
