"""The first words of what a gateway says of itself, by which gateways tell each other apart.

They are found without reading the whole, which may be long and may come from anyone.
"""

import json
import re
from typing import Any, NamedTuple

from blynk_gateway.core.value import printable

_HEAD_BYTES = 128
"""More than both ids take."""

_HEAD = re.compile(rb'\{"instance_id": "([0-9a-f]{32})", "run_id": "([0-9a-f]{1,64})", ')


class Signature(NamedTuple):
    """Who says something.

    Attributes:
        instance_id: of the data directory.
        run_id: of the process.
    """

    instance_id: str
    run_id: str

    def sign(self, document: dict[str, Any]) -> str:
        """The document as JSON, behind the signature.

        Args:
            document: not empty.
        """
        return json_of({"instance_id": self.instance_id, "run_id": self.run_id, **document})


def find_signature(payload: bytes) -> Signature | None:
    """Who said this; None if it is nothing that a gateway says."""
    found = _HEAD.match(payload[:_HEAD_BYTES])
    return None if found is None else Signature(found[1].decode(), found[2].decode())


def json_of(document: dict[str, Any]) -> str:
    """JSON for people too: letters of all scripts stand there as they are."""
    return printable(json.dumps(document, ensure_ascii=False))
