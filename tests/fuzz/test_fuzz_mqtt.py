"""A bounded run of the fuzzer, and proof that it would find something."""

import random
from pathlib import Path

import pytest

from blynk_gateway.broker.message import Message
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.value import PinValue
from blynk_gateway.mqtt.bindings.bindings import Bindings
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.commands.listener import CommandListener
from tests.fuzz.fuzz_mqtt import Messages, _message, opened
from tests.fuzz.running import fuzz
from tests.helpers.mqtt import FakeOutlet


def test_mutated_messages_break_no_promise() -> None:
    assert fuzz(opened, seed=1, rounds=1000) == 1000


async def test_messages_of_the_corpus_reach_pins_errors_and_answers(tmp_path: Path) -> None:
    target, rng = Messages(tmp_path), random.Random(1)  # noqa: S311 - repeatable
    await target.connect()
    topics = set()
    publish = target.outlet.publish

    def noted(topic: str, *arguments: object, **options: object) -> None:
        topics.add(topic)
        publish(topic, *arguments, **options)  # type: ignore[arg-type]

    target.outlet.publish = noted  # type: ignore[method-assign]
    for line in target.corpus:
        await target.check(line, rng)
    target.disconnect()
    assert target.core.store.get("greenhouse", "V2").value == ("21.5",)
    assert target.core.store.get("greenhouse", "V10").value == ("12.5",)
    assert {"blynk/greenhouse/error", "blynk/bridge/response/devices"} <= topics
    assert "device/greenhouse/downlink/ds/Fan" in topics


@pytest.mark.parametrize("line", [b"\tx", b"a/+/b\tx", b"a\0\tx", b"\xff\tx"])
def test_what_no_broker_delivers_is_left_out(line: bytes) -> None:
    assert _message(line) is None


def test_fault_of_a_feature_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr(Bindings, "changed", fail)
    with pytest.raises(AssertionError, match="seed 3, round"):
        fuzz(opened, seed=3, rounds=200)


def test_kept_command_that_is_obeyed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def obey(self: CommandListener, message: Message) -> None:
        self._received(message._replace(is_retained=False))

    monkeypatch.setattr(CommandListener, "_ignore", obey)
    with pytest.raises(AssertionError, match="seed 3, round") as caught:
        fuzz(opened, seed=3, rounds=500)
    assert "by what the broker had kept" in str(caught.value.__cause__)


def test_token_that_is_published_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(_: Complaints, outlet: FakeOutlet, device: str | None, *_of: object) -> None:
        outlet.publish("blynk/bridge/error", f'{{"token": "token-of-{device}"}}')

    monkeypatch.setattr(Complaints, "complain", tell)
    with pytest.raises(AssertionError, match="seed 3, round") as caught:
        fuzz(opened, seed=3, rounds=500)
    assert "a token in" in str(caught.value.__cause__)


def test_value_that_the_datastream_does_not_take_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    accept = Datastream.accept
    calls = iter(range(10_000))

    def sometimes(self: Datastream, value: PinValue) -> PinValue:
        return value if next(calls) % 2 else accept(self, value)

    monkeypatch.setattr(Datastream, "accept", sometimes)
    with pytest.raises(AssertionError, match="seed 3, round"):
        fuzz(opened, seed=3, rounds=1000)
