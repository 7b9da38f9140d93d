"""JSON documents as they are read and shown."""

from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.webhooks.mixed import MixedText
from blynk_gateway.config.webhooks.options import JsonBody, JsonWord

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]


def text_of(written: str) -> str:
    return f"webhooks:\n  a:\n    url: http://nas/\n    json: {written}\n"


def text(content: str) -> MixedText:
    return MixedText((content,) if content else ())


@pytest.mark.parametrize(
    ("written", "body"),
    [
        ("5", JsonWord("5")),
        ("1.50", JsonWord("1.50")),
        ("true", JsonWord("true")),
        ("'5'", text("5")),
        ("'true'", text("true")),
        ("on", text("on")),
        ("007", text("007")),
        ("12:30", text("12:30")),
        ("0x10", text("0x10")),
        (".inf", text(".inf")),
        ("'{value}'", text("{value}")),
        ("''", text("")),
        ("[~, null, []]", (JsonWord("null"), JsonWord("null"), ())),
        ("{a: {b: [1, x]}, 5: y}", {"a": {"b": (JsonWord("1"), text("x"))}, "5": text("y")}),
        ("{}", {}),
        ("|\n      a\n      b", text("a\nb\n")),
    ],
)
def test_what_json_knows_stays_and_everything_else_is_text(
    options_of: OptionsOf, written: str, body: JsonBody
) -> None:
    assert options_of(text_of(written)).webhooks["a"].json == body


@pytest.mark.parametrize("written", ["", "null", "~"])
def test_nothing_is_no_body(options_of: OptionsOf, written: str) -> None:
    assert options_of(text_of(written)).webhooks["a"].json is None


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (
            "{t: {value}}",
            'a.json.t: found {value} without quotes, expected it in quotes: "{value}"',
        ),
        ('\'{"a": "{value}"}\'', "found a JSON document in quotes"),
        ("&x [*x]", "levels"),
        ("[" + "x, " * 17000 + "]", "found too long a document"),
        ("[!secret nothing]", 'found no secret "nothing"'),
        ("[!!set {}]", "found the tag"),
    ],
)
def test_faults(faults_of: FaultsOf, written: str, complaint: str) -> None:
    assert complaint in faults_of(text_of(written))[0]
