"""The check of the MQTT broker: it is there, lets us in, and hands on what is published."""

import asyncio
import secrets
from collections.abc import Iterator, Sequence

from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.finding import Finding, fault, ok, warning
from blynk_gateway.config.mqtt.options import Discovery, MqttOptions
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.definition import RESERVED_SLUG
from blynk_gateway.errors import PeerError
from blynk_gateway.runtime.tasks import cancel, spawn

ECHO_TIMEOUT_S = 3.0
"""A broker that hands a message on does so within milliseconds."""

_NAME = "broker"


def check_broker(case: Case) -> Iterator[Finding]:
    """The broker takes us as a client, and lets us publish and hear where the gateway has to.

    Looked at under another client id than the gateway's, which a running daemon has.
    """
    options = case.options.mqtt
    if case.faults or options is None or not options.enabled:
        return
    if options.tls is not None and options.tls.insecure:
        yield warning(
            _NAME,
            "mqtt.tls.insecure is true: whoever stands in between reads and writes along",
            "Name the broker's authority in mqtt.tls.ca, and remove insecure.",
        )
    topics = {f"{options.base_topic}/{RESERVED_SLUG}/doctor": options.base_topic}
    if options.discovery is not Discovery.OFF:
        # Where the gateway tells Home Assistant of a device; an empty message tells of none.
        topics[f"{options.discovery_prefix}/device/blynk_doctor/config"] = options.discovery_prefix
    try:
        mute = asyncio.run(_mute_topics(options, list(topics), case.clock))
    except PeerError as error:
        yield fault(_NAME, str(error), error.hint)
        return
    for topic in mute:
        yield fault(
            _NAME,
            f"what is published to {topic} does not come back",
            f"Let {_user(options)} write and read {topics[topic]}/# in the broker's access list"
            " (mosquitto: acl_file).",
        )
    if not mute:
        tls = " over TLS" if options.tls is not None else ""
        yield ok(
            _NAME,
            f"{options.host}:{options.port} takes {_user(options)}{tls}, MQTT {options.protocol}",
        )


async def _mute_topics(options: MqttOptions, topics: Sequence[str], clock: Clock) -> list[str]:
    """The topics of which nothing comes back.

    Raises:
        PeerError: there is no connection, or it ends.
    """
    # Who has no broker does without its library.
    from blynk_gateway.broker.connection import connect  # noqa: PLC0415  see above
    from blynk_gateway.broker.message import Message  # noqa: PLC0415  see above

    mute = dict.fromkeys(topics)
    has_all = asyncio.Event()

    def hear(messages: list[Message]) -> None:
        for message in messages:
            mute.pop(message.topic, None)
        if not mute:
            has_all.set()

    connection = await connect(
        options,
        client_id=f"blynk-doctor-{secrets.token_hex(4)}",
        will=None,
        clock=clock,
        on_messages=hear,
    )
    ending = spawn(connection.ended(), name="broker check watch")
    hearing = spawn(has_all.wait(), name="broker check")
    try:
        await connection.subscribe([(topic, 0) for topic in topics])
        for topic in topics:
            connection.publish(topic, b"")
        await asyncio.wait(
            (ending, hearing), timeout=ECHO_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
        )
        if mute and ending.done():
            raise ending.result()
    finally:
        await cancel(hearing)
        await cancel(ending)
        await connection.close()
    return list(mute)


def _user(options: MqttOptions) -> str:
    return "clients without a user" if options.username is None else f"the user {options.username}"
