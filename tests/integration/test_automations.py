"""The whole daemon acting by itself: with a stock client, a broker, the far end of a webhook."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.helpers.bench import CONFIG, TOKEN, command, eventually
from tests.helpers.broker import Broker, Listener
from tests.helpers.particle import Particle
from tests.helpers.processes import GatewayProcess
from tests.helpers.stock_client import DRIVERS, StockClient

CLIENT = DRIVERS["blynklib 0.2.6"]


async def value(gateway: GatewayProcess, pin: str) -> str:
    """What `pin get` prints, or says."""
    answer = await command(gateway, "pin", "get", pin)
    return answer.out.strip()


async def runs(gateway: GatewayProcess) -> list[dict[str, Any]]:
    answer = await command(gateway, "automation", "runs", "--json")
    found: list[dict[str, Any]] = json.loads(answer.out)
    return found


async def test_reading_of_a_stock_client_switches_another_pin_of_it(tmp_path: Path) -> None:
    rule = {
        "name": "Too hot",
        "when": {"pin": "bench/V1", "above": 30, "hysteresis": 1},
        "then": [{"set": {"bench/V2": "{value}"}}],
    }
    async with GatewayProcess(tmp_path, {**CONFIG, "automations": [rule]}) as gateway:
        async with StockClient(CLIENT, gateway.port, TOKEN) as client:
            await client.expect("connected")
            for reading in ("29", "31", "32", "29.5", "33", "28", "34"):
                await client.tell("write", "1", reading)
            # Once for each time that it became hot: 29.5 is within the hysteresis.
            assert await client.next_write() == [2, "31"]
            assert await client.next_write() == [2, "34"]
        assert [run["cause"] for run in await runs(gateway)] == ["bench/V1 = 34", "bench/V1 = 31"]


async def test_pin_reaches_another_cloud_as_the_product_promises(tmp_path: Path) -> None:
    async with Particle("cleverly-hidden") as particle:
        secrets = tmp_path / "secrets.yaml"
        secrets.write_text("particle: cleverly-hidden\n")
        secrets.chmod(0o600)
        webhook = {
            "method": "POST",
            "url": f"{particle.url}/v1/devices/0123abc/blynk_led",
            "headers": {"Authorization": "Bearer !secret particle"},
            "form": {"args": "{value}"},
            "min_interval": "1s",
        }
        rule = {
            "name": "LED",
            "when": {"pin": "bench/V1", "changes": True},
            "then": [{"webhook": "particle-led"}],
        }
        config = {**CONFIG, "automations": [rule], "webhooks": {"particle-led": webhook}}
        async with GatewayProcess(tmp_path, config) as gateway:
            async with StockClient(CLIENT, gateway.port, TOKEN) as client:
                await client.expect("connected")
                for toggle in ("1", "0", "1", "0", "1"):
                    await client.tell("write", "1", toggle)
                sent = particle.functions["blynk_led"]

                async def latest() -> list[str]:
                    return sent[-1:] if len(sent) > 1 else []

                await eventually(latest, ["1"])
            test = await command(gateway, "webhook", "test", "particle-led", "--value", "42")
            assert test.code == 0, test.err
            assert sent[-1] == "42"
            assert "return_value" in test.out
            assert "cleverly" not in test.out + gateway.log


async def test_messages_start_rules_and_rules_publish(tmp_path: Path) -> None:
    rules = [
        {
            "name": "Button",
            "when": {"mqtt": "zigbee2mqtt/button", "json": "action", "equals": "single"},
            "then": [
                {"set": {"bench/V7": "{value}"}},
                {"publish": {"topic": "house/bell", "payload": "{value} at {device}", "qos": 1}},
            ],
        },
        {
            "name": "Echo",
            "when": {"mqtt": "house/echo"},
            "then": [{"publish": {"topic": "house/echo", "payload": "{value}"}}],
        },
    ]
    with Broker() as broker:
        config = {**CONFIG, "mqtt": {"port": broker.port}, "automations": rules}
        async with (
            Listener(broker.port, "house/#", "blynk/bridge/state") as listener,
            GatewayProcess(tmp_path, config) as gateway,
        ):
            await listener.expect("blynk/bridge/state", "online")
            listener.publish("zigbee2mqtt/button", '{"action": "double"}', retain=True)
            listener.publish("zigbee2mqtt/button", '{"action": "single"}')
            await listener.expect("house/bell", "single at ")
            assert await value(gateway, "bench/V7") == "single"
            # It hears what it publishes: nothing but its pace tells that this is a circle.
            listener.publish("house/echo", "again")

            async def stopped() -> bool:
                answer = await command(gateway, "automation", "list", "--json")
                states = json.loads(answer.out)
                return bool(next(one for one in states if one["slug"] == "echo")["stopped"])

            await eventually(stopped, True)
            assert listener.of("house/bell") == ["single at "]


async def test_pump_is_switched_off_in_time_also_after_a_kill(tmp_path: Path) -> None:
    rule = {
        "name": "Pump",
        "then": [{"set": {"bench/V1": 1}}, {"delay": "3s"}, {"set": {"bench/V1": 0}}],
    }
    async with GatewayProcess(tmp_path, {**CONFIG, "automations": [rule]}) as gateway:
        assert (await command(gateway, "automation", "run", "pump")).code == 0
        assert await value(gateway, "bench/V1") == "1"

        async def kept() -> int:
            with closing(sqlite3.connect(gateway.data_dir / "gateway.db")) as database:
                (count,) = database.execute("SELECT count(*) FROM outbox").fetchone()
                return int(count)

        await eventually(kept, 1)
        await gateway.kill()
        await gateway.start()
        await eventually(lambda: value(gateway, "bench/V1"), "0")
        (run,) = await runs(gateway)
        assert run["outcome"] == "done"


async def test_rule_about_a_device_added_by_command_is_none_about_a_stranger(
    tmp_path: Path,
) -> None:
    rule = {"name": "R", "when": {"pin": "attic/V1", "any": True}, "then": [{"delay": "1s"}]}
    async with GatewayProcess(tmp_path, CONFIG) as gateway:
        gateway.write_config({**CONFIG, "automations": [rule]})
        check = await command(gateway, "check-config")
        assert check.code == 78
        assert "attic" in check.err
        assert (await command(gateway, "device", "add", "Attic")).code == 0
        assert (await command(gateway, "check-config")).code == 0
        await gateway.stop()
        await gateway.start()
        removal = await command(gateway, "device", "remove", "attic")
        assert removal.code == 1
        assert "'R'" in removal.err
