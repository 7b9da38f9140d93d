"""What stands at the broker of our discovery messages, and how it becomes what is wanted.

An entity that goes over to the other form is let go of first, announced in the new form, and then
its old message is cleared; Home Assistant needs a moment after each step, as it forgets updates
that come while it is busy with one.
Source: home-assistant.io, integrations/mqtt, "Migration from single component to device-based
discovery"; `async_discovery_message_received` in homeassistant/components/mqtt/discovery.py.
"""

import asyncio
from collections.abc import Iterator, Mapping

from blynk_gateway.config.mqtt.options import Discovery
from blynk_gateway.mqtt.discovery.entities.event_codes import find_code
from blynk_gateway.mqtt.discovery.forms import Forms, succeeding
from blynk_gateway.mqtt.feature import Outlet

MIGRATION = '{"migrate_discovery":true}'
"""Has Home Assistant let go of the entities of a topic without forgetting them."""

STEP_S = 2.0
"""Home Assistant needs some 10 ms for an entity on a Pi."""

Messages = Mapping[str, str]
"""Payloads by topic."""


class Board:
    """One connection's messages.

    Args:
        form: the one that is wanted.
    """

    def __init__(self, outlet: Outlet, forms: Forms, form: Discovery) -> None:
        self._outlet = outlet
        self._forms = forms
        self._form = form
        self._standing: dict[str, dict[str, str]] = {}

    async def read(self, *filters: str) -> Mapping[str, bytes]:
        """Take in what stands there.

        Args:
            filters: for further topics.

        Returns:
            All that was found, ours or not.
        """
        # What was there before is not known to be there still, if this fails.
        self._standing = {}
        found = await self._outlet.collect(*self._forms.filters, *filters)
        for topic, payload in found.items():
            config = self._forms.find(topic)
            if config is not None:
                text = payload.decode("utf-8", "replace")
                self._standing.setdefault(config.device, {})[topic] = text
        return found

    def slugs(self) -> list[str]:
        """The devices of which something stands there."""
        return list(self._standing)

    def codes(self) -> Iterator[tuple[str, str]]:
        """Device and code of every event that is announced there."""
        for slug, messages in self._standing.items():
            for topic, payload in messages.items():
                for component, key, fields in self._forms.entities(topic, payload):
                    code = find_code(component, key, fields)
                    if code is not None:
                        yield slug, code

    async def settle(self, wanted: Mapping[str, Messages], *, is_forced: bool = False) -> None:
        """Publish what differs from what is wanted.

        Args:
            wanted: all messages of each device that is looked at; none for one to be taken away.
            is_forced: whether to publish also what stands there already.
        """
        foreign = {slug: self._of_other_form(slug) for slug in wanted}
        migrating = [topic for slug, topics in foreign.items() if wanted[slug] for topic in topics]
        for topic in migrating:
            await self._publish(topic, MIGRATION)
        if migrating:
            await asyncio.sleep(STEP_S)
        for slug, messages in wanted.items():
            await self._replace(slug, messages, is_forced=is_forced)
        if migrating:
            await asyncio.sleep(STEP_S)
        for slug, topics in foreign.items():
            for topic in topics:
                await self._clear(slug, topic)
        for slug in wanted:
            if not self._standing[slug]:
                del self._standing[slug]

    def _of_other_form(self, slug: str) -> list[str]:
        return [topic for topic in self._standing.get(slug, ()) if not self._is_wanted_form(topic)]

    def _is_wanted_form(self, topic: str) -> bool:
        config = self._forms.find(topic)
        return config is not None and config.form is self._form

    async def _replace(self, slug: str, messages: Messages, *, is_forced: bool) -> None:
        standing = self._standing.setdefault(slug, {})
        for topic in list(standing):
            if topic not in messages and self._is_wanted_form(topic):
                await self._clear(slug, topic)
        for topic, payload in messages.items():
            before = standing.get(topic)
            following: str | None = payload
            if before is not None and self._form is Discovery.DEVICE:
                following = succeeding(payload, before)
            elif before == payload:
                following = None
            if following is None and is_forced:
                following = payload
            if following is not None:
                standing[topic] = following
                await self._publish(topic, following)

    async def _clear(self, slug: str, topic: str) -> None:
        del self._standing[slug][topic]
        await self._publish(topic, "")

    async def _publish(self, topic: str, payload: str) -> None:
        self._outlet.publish(topic, payload, retain=True)
        await self._outlet.room()
