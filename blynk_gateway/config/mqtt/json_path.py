"""Where a value stands in a JSON document: `data.list[0].value`.

Plain keys are separated by points; a key with a point, a blank, a bracket, a brace or `$` is
written `["my key"]`, as JSON writes texts: `$.value` and `{{value_json.value}}` are of other
languages. Indexes count from 0: `[0]`. A plain number is an index too, so that `0.value` and
`list.0` work; a key that is a number is quoted.
"""

import json
import re

from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Scalar
from blynk_gateway.core.json_path import JsonPath

MAX_PATH_LENGTH = 256
"""Characters; as long as any name."""

MAX_STEPS = 32
"""Deeper documents come from nobody's device."""

_PLAIN = r"[^\s.\[\]{}$\"'\x00-\x1f\x7f]+"
_STEP = re.compile(
    rf'(?P<dot>\.?)(?P<plain>{_PLAIN})|\[(?P<index>\d{{1,6}})\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]',
    re.ASCII,
)
_KEY = re.compile(_PLAIN)
_INDEX = re.compile(r"\d{1,6}", re.ASCII)


def parse_json_path(text: str) -> JsonPath:
    """Keys and indexes of a path, outermost first.

    Raises:
        ValueError: if the text is none, or is too long or deep.
    """
    # Half of a surrogate pair, which no document has, cannot be encoded.
    if not 0 < len(text) <= MAX_PATH_LENGTH or not text.encode():
        raise ValueError(text)
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        # Plain keys are separated by a point, and only by one.
        if not match or (match["plain"] is not None and bool(match["dot"]) != bool(steps)):
            raise ValueError(text)
        steps.append(_step(match))
        position = match.end()
    if len(steps) > MAX_STEPS:
        raise ValueError(text)
    return tuple(steps)


def format_json_path(path: JsonPath) -> str:
    """The path as `parse_json_path` takes it."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _KEY.fullmatch(step) and not step.isdigit():
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text


def _step(match: re.Match[str]) -> str | int:
    if match["index"]:
        return int(match["index"])
    if match["quoted"]:
        key = json.loads(match["quoted"])
        key.encode()
        return str(key)
    return int(match["plain"]) if _INDEX.fullmatch(match["plain"]) else match["plain"]


def _likely_path(text: str) -> str:
    """`$.temperature` of JSONPath, `{{ value_json.temperature }}` of Home Assistant."""
    return text.strip("{} .").removeprefix("$").removeprefix("value_json").removeprefix(".")


JSON_PATH = Scalar(
    parse_json_path,
    "a path such as temperature, data.list[0].value or '[\"a key\"].value'",
    lambda path: quoted(format_json_path(path)),
    likely=_likely_path,
)
