"""One scenario with everything that a household has, through the sandbox of the unit."""

import time
from collections.abc import Callable

from tests.vm.inside import api, board, service
from tests.vm.inside.household import BUTTON, CONFIG, RELAY, TOKEN
from tests.vm.inside.outcome import Facts, equal, expect, run, within
from tests.vm.inside.stock_client import StockClient

SENSOR_WITHIN_S = 30


def subscribed(topic: str, limit_s: float = 20) -> str:
    """The retained or next message of a topic."""
    return run("mosquitto_sub", "-t", topic, "-C", "1", "-W", f"{limit_s:.0f}").strip()


def publish(topic: str, payload: str) -> None:
    """Publish as home automation does."""
    run("mosquitto_pub", "-q", "1", "-t", topic, "-m", payload)


def _took_s(probe: Callable[[], object], what: str, limit_s: float = 20) -> float:
    began = time.monotonic()
    within(limit_s, probe, what)
    return time.monotonic() - began


def everything_together(facts: Facts) -> None:
    """A stock board, a broker, a relay, a button, a DS18B20 on 1-Wire and an MCP3008 on SPI work
    together through the sandboxed unit.
    """
    run("systemctl", "start", "mosquitto.service")
    board.wire(BUTTON, 1)
    board.temperature(21_500)
    board.converter(0)
    service.configure(CONFIG)
    service.restart()
    facts.add("start to ready", service.start_took_s(), "s")
    equal(subscribed("blynk/bridge/state"), "online", "the gateway on the broker")
    facts.add("resident, idle, GPIO and MQTT on", round(service.resident_mib(), 1), "MiB")
    faults = [one for one in api.ask("GET", "/api/v1/gpio")["peripherals"] if one["fault"]]
    equal(faults, [], "peripherals with a fault")

    with StockClient(TOKEN) as client:
        client.await_login()
        client.tell("write", "5", "21.5")
        equal(subscribed("blynk/bench/v5"), "21.5", "what the board wrote, on the broker")
        equal(subscribed("blynk/bench/availability"), "online", "availability of the board")
        publish("blynk/bench/v6/set", "33")
        client.await_write(6, "33")

        publish("blynk/pi/v1/set", "1")
        facts.add("broker to relay", _took_s(lambda: board.level(RELAY) == 1, "relay on"), "s")
        equal(subscribed("blynk/pi/v1"), "1", "the relay on the broker")
        pressed = time.monotonic()
        board.wire(BUTTON, 0)
        facts.add("button to board", client.await_write(7, "1", after=pressed), "s")
        board.wire(BUTTON, 1)
        client.await_write(7, "0", after=pressed)

        board.temperature(23_500)
        board.converter(512)
        _took_s(lambda: api.value("pi/V40") == ["23.5"], "thermometer", SENSOR_WITHIN_S)
        _took_s(lambda: _is_near(api.value("pi/V4"), 50.0), "converter", SENSOR_WITHIN_S)
        equal(subscribed("blynk/pi/v40"), "23.5", "the thermometer on the broker")
    found = run(
        "mosquitto_sub", "-t", "homeassistant/device/+/config", "-C", "2", "-W", "20"
    ).splitlines()
    expect(all('"components"' in one for one in found), "both devices are there for Home Assistant")
    facts.add("resident in the end, HTTP was used", round(service.resident_mib(), 1), "MiB")
    facts.add("status line", f"`{service.show('StatusText')}`")


def _is_near(value: list[str], expected: float) -> bool:
    return bool(value) and abs(float(value[0]) - expected) < 1
