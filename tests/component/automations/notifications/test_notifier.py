"""The whole way: a notifier with real processes, a mail server and a stand-in for ntfy."""

from blynk_gateway.automations.notifications.notifier import Notifier
from blynk_gateway.automations.timers import Timers
from blynk_gateway.config.notifications.options import NotificationOptions
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.device import Device
from blynk_gateway.core.notifications import Channel, Notification
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import trusted
from tests.helpers.notifications import MemoryOutbox, Results, service_options, settled
from tests.helpers.ntfy import Ntfy
from tests.helpers.smtp_sink import SmtpSink

DEVICE = Device(DeviceDefinition("greenhouse", "Greenhouse", "0" * 32))


async def test_a_service_that_hangs_holds_no_other_up() -> None:
    clock = SystemClock()
    parts = Parts.new(clock, Zone.of("Europe/Berlin"), trusted(clock))
    outbox = MemoryOutbox()
    results = Results()
    notifier = Notifier(parts, Timers(clock), outbox)
    async with Ntfy() as hanging, Ntfy() as ntfy, SmtpSink() as sink:
        hanging.is_hanging = True
        mail = f"mailto://127.0.0.1:{sink.port}?from=gateway@example.org"
        services = {
            "stuck": service_options("stuck", f"{hanging.url()}?rto=50"),
            "phone": service_options("phone", ntfy.url()),
            "mail": service_options("mail", mail),
        }
        notifier.define(NotificationOptions(services, default=("stuck", "phone"), email=("mail",)))
        await notifier.start()
        notifier.notify((), "Too hot", "31 °C", "too-hot", 0, results)
        body = "Line 1\n" + "x" * 2000
        notifier.device_notification(
            DEVICE, Notification(Channel.EMAIL, body, "{DEVICE_NAME}: hot", "anna@example.org")
        )
        assert (await ntfy.message())["message"] == "31 °C"
        arrived = await sink.mail()
        assert arrived.recipients == ["anna@example.org"]
        assert arrived.subject == "Greenhouse: hot"
        assert arrived.text.count("x") >= 2000
        await hanging.tried(1)
        assert results.all == []
        await settled(lambda: len(outbox.entries) == 1)
        await notifier.stop()
        assert [entry["service"] for entry in outbox.entries.values()] == ["stuck"]
