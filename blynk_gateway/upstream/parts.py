"""What everything that belongs to one mapping works with."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from blynk_gateway.config.upstream.options import MappingOptions, UpstreamOptions
from blynk_gateway.core.change import Origin
from blynk_gateway.core.trail import Trail
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.upstream.apps import Apps
from blynk_gateway.upstream.lanes.share import Share
from blynk_gateway.upstream.names import Names
from blynk_gateway.upstream.noticed import Noticed
from blynk_gateway.upstream.standing import Standing


@dataclass(slots=True, kw_only=True)
class UpstreamParts(Parts):
    """What all mappings share.

    Attributes:
        catch_up: has every mapping notice what was published so far; returns the number of the
            latest change.
    """

    trail: Trail
    apps: Apps
    catch_up: Callable[[], int]


@dataclass(slots=True, kw_only=True)
class MappingParts(UpstreamParts):
    """What one mapping has.

    Attributes:
        budget: its share of the messages to one server.
        origin: of what comes down.
        wake: set when the mapping has something to do.
    """

    upstream: UpstreamOptions
    mapping: MappingOptions
    names: Names
    standing: Standing
    noticed: Noticed
    budget: Share
    origin: Origin
    wake: asyncio.Event

    @property
    def key(self) -> str:
        """Of this mapping in notes and logs: `cloud/greenhouse`."""
        return f"{self.upstream.name}/{self.mapping.slug}"

    @property
    def component(self) -> str:
        """Of this mapping in health."""
        return f"upstream {self.key}"

    @property
    def circle(self) -> str:
        """Of its pins that run in circles, in health."""
        return f"{self.component} circle"
