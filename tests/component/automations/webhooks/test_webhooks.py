"""All webhooks: what survives, what a reload does, and a try by hand."""

import json
from pathlib import Path

import pytest

from blynk_gateway.automations.webhooks.webhooks import MAX_AGE_MS
from blynk_gateway.config import load
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.webhooks.mixed import MixedText, NamedSecret
from blynk_gateway.config.webhooks.options import ResponseOptions
from blynk_gateway.core.automations import UnknownWebhook
from blynk_gateway.errors import HistoryError
from blynk_gateway.runtime.health import HealthState
from tests.component.automations.webhooks.conftest import World
from tests.helpers.particle import Reply


async def restart(world: World, down_s: float) -> None:
    """The gateway is down for so long; its webhooks are the same afterwards."""
    # The outbox keeps JSON: what it gives back is as new.
    world.outbox.entries = {
        key: json.loads(json.dumps(payload)) for key, payload in world.outbox.entries.items()
    }
    world.clock.advance(down_s)
    world.begin()
    await world.define(world.led())


async def test_the_webhook_of_the_documentation_works(world: World, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text("particle: correct-horse\n")
    secrets.chmod(0o600)
    url = f"{world.particle.url}/v1/devices/0123abc/blynk_led"
    (tmp_path / "gateway.yaml").write_text(
        f"""
webhooks:
  particle-led: {{method: POST, url: "{url}",
                 headers: {{Authorization: "Bearer !secret particle"}},
                 form: {{args: "{{value}}"}}, min_interval: 60s}}
"""
    )
    await world.define(*load(tmp_path / "gateway.yaml", {}).webhooks.values())
    world.submit("particle-led", "1")
    assert await world.results.get() == ("HTTP 200 OK", False)
    assert world.particle.functions["blynk_led"] == ["1"]
    assert world.sender.states()[0].target == f"POST {url}"


async def test_what_waits_survives_a_restart_and_so_does_the_interval(world: World) -> None:
    await world.define(world.led())
    for value in ("0", "1", "0"):
        world.submit("led", value)
    await world.particle.calls.get()
    assert (await world.results.get())[0] == "replaced by a later value"
    assert await world.results.get() == ("HTTP 200 OK", False)
    await world.sender.stop()
    await restart(world, down_s=20)
    assert world.sender.states()[0].waiting == 1
    world.pass_time(39.9)
    assert world.particle.calls.empty()
    world.pass_time(0.2)
    assert (await world.particle.calls.get()).body == b"args=0"
    await world.sender.stop()


async def test_a_request_that_a_stop_ended_is_made_again(world: World) -> None:
    world.particle.replies.append(Reply(None))
    await world.define(world.led())
    world.submit("led", "1")
    await world.particle.calls.get()
    await world.sender.stop()
    await restart(world, down_s=60)
    assert (await world.particle.calls.get()).body == b"args=1"
    await world.sender.stop()


async def test_what_is_older_than_a_day_or_of_nobody_is_dropped(world: World) -> None:
    world.sender.define({"led": world.led(), "other": world.plain("x", "other")})
    world.submit("led", "1")
    world.submit("other", "1")
    world.outbox.put("webhook", "led:?", {"webhook": "led", "cause": "?"})
    assert len(world.outbox.entries) == 3
    await restart(world, down_s=MAX_AGE_MS / 1000 + 1)
    assert world.sender.states()[0].waiting == 0
    assert world.outbox.entries == {}


async def test_what_is_handed_over_before_the_start_is_newer_than_what_was_left(
    world: World,
) -> None:
    world.sender.define({"led": world.led()})
    world.submit("led", "old")
    world.begin()
    world.sender.define({"led": world.led()})
    world.submit("led", "new")
    await world.sender.start()
    assert await world.results.get() == ("HTTP 200 OK", False)
    assert world.particle.functions["blynk_led"] == ["new"]


async def test_an_outbox_that_cannot_be_read_keeps_nothing_from_being_sent(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(kind: str) -> list[tuple[str, dict[str, object]]]:
        raise HistoryError(kind)

    monkeypatch.setattr(world.outbox, "load", broken)
    await world.define(world.led())
    assert "waiting webhooks cannot be read" in caplog.text
    world.submit("led", "1")
    assert await world.results.get() == ("HTTP 200 OK", False)


async def test_a_reload_keeps_what_waits_and_takes_new_options(world: World) -> None:
    await world.define(world.led())
    world.submit("led", "1")
    await world.results.get()
    world.submit("led", "0")
    world.sender.define({"led": world.led(min_interval_ms=30_000)})
    world.pass_time(30)
    assert await world.results.get() == ("HTTP 200 OK", False)
    assert world.particle.functions["blynk_led"] == ["1", "0"]


async def test_a_reload_that_removes_a_webhook_gives_up_what_waits(world: World) -> None:
    world.particle.replies.append(Reply(503))
    await world.define(world.led())
    world.submit("led", "1")
    world.submit("led", "2", pin="V2")
    world.sender.define({})
    told = [await world.results.get() for _ in range(2)]
    assert told == [
        ("the webhook is gone from the configuration", True),
        ("HTTP 503 Service Unavailable", True),
    ]
    world.pass_time(100)
    assert world.particle.calls.qsize() == 1
    assert world.outbox.entries == {}
    assert world.parts.health.components["webhooks"].state is HealthState.OK
    with pytest.raises(UnknownWebhook, match="no webhook 'led'"):
        world.submit("led", "1")


async def test_a_reload_switches_on_again(world: World) -> None:
    world.particle.replies.extend([Reply(404)] * 10)
    await world.define(world.led(min_interval_ms=0))
    for _ in range(10):
        world.submit("led", "1")
        await world.results.get()
    assert world.sender.states()[0].is_off
    world.sender.define({"led": world.led(min_interval_ms=0)})
    assert not world.sender.states()[0].is_off
    assert world.parts.health.components["webhooks"].state is HealthState.OK


async def test_a_test_sends_a_real_value_past_the_interval(world: World) -> None:
    await world.define(world.led())
    world.write("41")
    world.submit("led", "1")
    await world.results.get()
    now = await world.sender.test("led", None)
    assert (now.is_ok, now.status, now.result) == (True, 200, "HTTP 200 OK")
    assert now.request == f"POST {world.particle.url}/v1/devices/0123abc/blynk_led"
    assert json.loads(now.body)["return_value"] == 1
    await world.sender.test("led", ("42", "7"))
    assert world.particle.functions["blynk_led"] == ["1", "41", "42, 7"]
    assert world.sender.states()[0].sent == 3


async def test_a_test_without_a_rule_has_no_pin(world: World) -> None:
    await world.define(world.plain("x?v={value}&p={pin}"))
    world.particle.replies.append(Reply(200))
    assert (await world.sender.test("plain", None)).is_ok
    assert (await world.particle.calls.get()).path == "/x?v=&p="
    with pytest.raises(UnknownWebhook):
        await world.sender.test("nothing", None)


async def test_a_server_that_echoes_everything_gives_no_secret_away(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    key = NamedSecret("key", Secret('top "secret"/1'))
    options = world.plain(
        "echo",
        url=MixedText((f"{world.particle.url}/echo?token=", NamedSecret("t", Secret("hush-hush")))),
        query={"device": MixedText(("{device_authToken}",))},
        headers={"X-Key": MixedText((key,)), "X-Plain": MixedText(("Bearer abcdef1",), True)},
    )
    echo = (
        'hush-hush top%20%22secret%22%2F1 top "secret"/1 top \\"secret\\"/1 abcdef1'
        " token-of-greenhouse"
    )
    await world.define(options)
    for status in (200, 400):
        world.particle.replies.append(Reply(status, echo))
        world.write("1")
        answer = await world.sender.test("plain", None)
        assert answer.request == (f"GET {world.particle.url}/echo?token=!secret t&device=***")
        assert answer.body == "*** *** *** *** *** ***"
        world.particle.replies.append(Reply(status, echo))
        world.submit("plain", "1")
        result, _ = await world.results.get()
        shown = repr((answer, result, world.sender.states(), caplog.text))
        for secret in ("hush", "top", "abcdef", "token-of"):
            assert secret not in shown
    call = await world.particle.calls.get()
    assert call.path == "/echo?token=hush-hush&device=token-of-greenhouse"
    assert call.headers["X-Key"] == 'top "secret"/1'


async def test_an_answer_too_long_to_search_for_secrets_is_not_shown(world: World) -> None:
    options = world.plain("x", response=ResponseOptions(None, max_bytes=1000))
    await world.define(options)
    world.particle.replies.append(Reply(200, "x" * 1001))
    answer = await world.sender.test("plain", ("1",))
    assert answer.body == ""
    assert not answer.is_ok
