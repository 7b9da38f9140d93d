"""Home Assistant takes everything that a gateway tells it, and shows what the pins have."""

from pathlib import Path

import pytest

from blynk_gateway.config.options import Address
from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import encode_frame
from tests.helpers.broker import Broker, Listener
from tests.helpers.devices import Peer
from tests.helpers.home_assistant import validate
from tests.helpers.processes import GatewayProcess
from tests.integration.home_assistant.home import SHOWN, TOKEN, USED, WRITTEN, configuration


async def write_everything(gateway: GatewayProcess, listener: Listener) -> Peer:
    """A device that has written all of its pins and logged an event, with the broker there."""
    # An event of before is told to nobody, and makes no entity.
    await listener.expect("blynk/bridge/state", "online")
    peer = await Peer.connect(Address("127.0.0.1", gateway.port))
    await peer.log_in(TOKEN)
    for pin, value in WRITTEN.items():
        peer.write_pin(int(pin[1:]), *value)
    peer.send(encode_frame(Command.EVENT_LOG, 4, b"alarm\0Too hot"))
    await peer.fence()
    return peer


def standing(listener: Listener) -> dict[str, str]:
    """What the broker keeps: the latest of each topic that is not empty."""
    latest = {one.topic: one.payload for one in listener.heard}
    return {topic: payload for topic, payload in latest.items() if payload}


def is_told(listener: Listener) -> bool:
    """Whether the last of the entities that are to come is announced, and has its state."""
    messages = standing(listener)
    configs = "".join(text for topic, text in messages.items() if topic.endswith("/config"))
    return all(name in configs for name in ("Wide light", "V62", "alarm")) and (
        messages.get("blynk/greenhouse/v62") == "3.5"
    )


@pytest.mark.parametrize("form", ["device", "entity"])
async def test_each_pin_is_the_entity_it_should_be_and_obeys_it(tmp_path: Path, form: str) -> None:
    with Broker() as broker:
        async with (
            Listener(broker.port) as listener,
            GatewayProcess(tmp_path, configuration(broker.port, form)) as gateway,
            await write_everything(gateway, listener),
        ):
            await listener.until(lambda: is_told(listener))
            (verdict,) = await validate(standing(listener))
            assert verdict.faults == {}
            shown = {
                # Behind blynk_, twelve digits of the instance, and _.
                one["unique_id"][19:]: (one["component"], one["state"])
                for one in verdict.entities
            }
            assert shown == SHOWN
            assert all(one["available"] for one in verdict.entities)
            for entity in verdict.entities:
                for topic, payload in entity["commands"]:
                    if "/request/" not in topic:
                        listener.publish(topic, payload)
            await listener.until(
                lambda: {pin: standing(listener).get(f"blynk/{pin}") for pin in USED} == USED
            )
            assert not [one for one in listener.heard if one.topic.endswith("/error")]
