import json
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.placeholders import Placeholders, addresses, has_placeholders
from blynk_gateway.config.options import GatewayOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted

OWNER = Origin(OriginKind.GATEWAY, "test")
AT_MS = 1_782_900_000_123  # 2026-07-01T10:00:00Z
HOT = Cause(
    "greenhouse/V5 = 30.5 2", AT_MS, "greenhouse", "V5", ("30.5", "2"), ("29", "1"), "hot", 7, 0
)
SCENE = Cause("by hand", AT_MS)


def placeholders() -> Placeholders:
    clock = FakeClock(AT_MS)
    parts = Parts.new(clock, Zone.of("Europe/Berlin"), trusted(clock))
    definition = DeviceDefinition(
        "greenhouse",
        "Greenhouse",
        "the-token",
        template=None,
        datastreams={"V5": Datastream("V5", "Temperature", unit="°C")},
        metadata={"Room": "South", "Auth Token": "leaked", "Device Owner": "anna@example.org"},
    )
    parts.registry.add(definition, OWNER)
    parts.store.write("greenhouse", "V6", ("1", "2"), OWNER, Intent.REPORT)
    parts.store.write("greenhouse", "V8", ("{value}",), OWNER, Intent.REPORT)
    options = GatewayOptions(name="Home")
    return Placeholders(parts, lambda: options)


FILLER = placeholders()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{value}", "30.5, 2"),
        ("{value[0]} and {value[1]}", "30.5 and 2"),
        ("<{value[7]}>", "<>"),
        ("{previous} {previous[1]}", "29, 1 1"),
        ("{device} {device_name}", "greenhouse Greenhouse"),
        ("{pin} {address}", "V5 greenhouse/V5"),
        ("{name}: {value[0]} {unit}", "Temperature: 30.5 °C"),
        ("{event} by {rule} of {gateway}", "hot by Too hot of Home"),
        ("{time}", "2026-07-01T12:00:00+02:00"),
        ("{date}", "2026-07-01"),
        ("{timestamp_unix}", "1782900000"),
        ("{timestamp_iso8601}", "2026-07-01T10:00:00.123Z"),
        ("{greenhouse/V6} {GREENHOUSE/v6}", "1, 2 1, 2"),
        ("<{greenhouse/V7}>", "<>"),
        ("{shed/V6}", "{shed/V6}"),
        # Of the vendor's cloud.
        ("{TRIGGER_VALUE} {DEVICE_NAME} {ORG_NAME}", "30.5, 2 Greenhouse Home"),
        ("<{PRODUCT_NAME}>", "<>"),
        ("{device_id} {device_orgName}", "greenhouse Home"),
        ("{device_pin} {device_pinValue} {device_pinValue[1]}", "V5 30.5, 2 2"),
        ("{device_dataStreamId} {device_dataStreamName}", "5 Temperature"),
        ("{device_dataStream_6}", "1, 2"),
        ("{device_dataStream_999}", "{device_dataStream_999}"),
        ("{device_state} <{device_tags}>", "offline <>"),
        ("{device_metadata_Room}", "South"),
        ("{device_metadata_Colour}", "{device_metadata_Colour}"),
        ("{DEVICE_OWNER_EMAIL} <{VENDOR_EMAIL}>", "anna@example.org <>"),
        # Legacy.
        ("/pin/ /pin[0]/ /pin[1]/ %s", "30.5, 2 30.5 2 30.5, 2"),
        ("/datetime_iso/", "2026-07-01T10:00:00.123Z"),
        ("device_owner_email Device_Owner_Email", "anna@example.org anna@example.org"),
        # Nothing of ours.
        ("", ""),
        ("{}", "{}"),
        ('{"a": {value[0]}, "b": {"c": "{unknown}"}}', '{"a": 30.5, "b": {"c": "{unknown}"}}'),
        ("{{value[0]}}", "{30.5}"),
        ("{Value} { value } {value[x]}", "{Value} { value } {value[x]}"),
    ],
)
def test_placeholder_stands_for(text: str, expected: str) -> None:
    assert FILLER.fill(text, HOT, rule="Too hot") == expected


@pytest.mark.parametrize("secret", ["{device_authToken}", "{device_metadata_Auth Token}"])
def test_token_is_told_to_nobody_but_webhooks(secret: str) -> None:
    assert FILLER.fill(secret, HOT) == secret
    assert FILLER.fill_value((secret,), HOT, "") == (secret,)


def test_webhook_may_tell_the_token() -> None:
    assert FILLER.fill("?t={device_authToken}", HOT, with_token=True) == "?t=the-token"


def test_text_about_nothing_in_particular_has_empty_places() -> None:
    text = "<{value}{previous}{device}{device_name}{pin}{address}{name}{unit}{event}{rule}>"
    more = "<{device_metadata_Room}{device_dataStream_6}{device_state}{device_dataStreamId}>"
    assert FILLER.fill(text + more, SCENE) == "<><>"
    assert FILLER.fill("{gateway} {date} {greenhouse/V6}", SCENE) == "Home 2026-07-01 1, 2"


def test_device_that_is_gone_has_empty_places() -> None:
    gone = HOT._replace(device="shed")
    assert FILLER.fill("{device} <{device_name}{unit}> {name}", gone) == "shed <> V5"


@pytest.mark.parametrize("at_ms", [10**18, -(10**18)])
def test_time_beyond_every_calendar_is_empty(at_ms: int) -> None:
    text = FILLER.fill("<{time}{date}{timestamp_iso8601}>", HOT._replace(at_ms=at_ms))
    assert text == "<>"


def test_value_that_looks_like_a_placeholder_is_not_filled_in_again() -> None:
    cause = HOT._replace(value=("{device_authToken}",))
    assert FILLER.fill("{value}", cause, with_token=True) == "{device_authToken}"
    assert FILLER.fill("{greenhouse/V8}", HOT) == "{value}"


def test_only_values_are_escaped() -> None:
    cause = HOT._replace(value=("a b&c",))
    filled = FILLER.fill("x?q={value}&r= ", cause, escape=lambda text: quote(text, safe=""))
    assert filled == "x?q=a%20b%26c&r= "


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert FILLER.fill("{value}", HOT._replace(value=("\udcff",))) == "\N{REPLACEMENT CHARACTER}"


def test_topic_may_look_like_a_legacy_placeholder() -> None:
    assert FILLER.fill("home/pin/5 {pin}", HOT, is_legacy=False) == "home/pin/5 V5"
    assert not has_placeholders("home/pin/5", is_legacy=False)
    assert has_placeholders("home/pin/5")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (("{value}",), ("30.5", "2")),
        (("{value}", "x"), ("30.5", "2", "x")),
        (("{value[0]}",), ("30.5",)),
        (("T {value}",), ("T 30.5, 2",)),
        (("{greenhouse/V6}",), ("1", "2")),
        (("{nothing}",), ("{nothing}",)),
        (("/pin/",), ("/pin/",)),
        (("{unit}", "1"), ("°C", "1")),
    ],
)
def test_value_to_write_keeps_its_parameters(
    written: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert FILLER.fill_value(written, HOT, "") == expected


def test_value_to_write_keeps_its_bytes() -> None:
    cause = HOT._replace(value=("\udcff", ""))
    assert FILLER.fill_value(("{value}",), cause, "") == ("\udcff", "")
    assert FILLER.fill_value(("{value}",), cause._replace(value=("",)), "") == ("",)


def test_value_to_write_of_a_scene_is_missing() -> None:
    assert FILLER.fill_value(("{value}",), SCENE, "") == ()


def test_addresses_in_a_text_are_found() -> None:
    found = addresses("{greenhouse/V6} {value} {a/v300} {Shed/d1}{x/y}")
    assert [str(address) for address in found] == ["greenhouse/V6", "shed/D1"]


TEXTS = st.text(max_size=60) | st.lists(
    st.sampled_from(
        ["{value}", "{", "}", "{value[9]}", "/pin/", "/pin[3]/", "%s", "{greenhouse/V6}", "x", "\0"]
    )
).map("".join)


@given(text=TEXTS, values=st.lists(st.text(max_size=20), max_size=3))
@example(text="{value}{value}", values=["{value}", "%s"])
def test_no_text_and_no_value_breaks_it(text: str, values: list[str]) -> None:
    cause = HOT._replace(value=tuple(values))
    filled = FILLER.fill(text, cause)
    filled.encode()
    if not has_placeholders(text):
        assert filled == text
    FILLER.fill_value((text,), cause, "")


@given(value=st.text(min_size=1, max_size=20))
def test_values_are_filled_in_once_wherever_they_stand(value: str) -> None:
    cause = HOT._replace(value=(value,))
    parts = [FILLER.fill("{value}", cause), FILLER.fill("%s", cause), FILLER.fill("/pin/", cause)]
    assert FILLER.fill("{value}|%s|/pin/", cause) == "|".join(parts)


@given(value=st.text(max_size=20))
def test_json_stays_json_with_the_escape_of_json(value: str) -> None:
    cause = HOT._replace(value=(value,))
    body = FILLER.fill('{"v": "{value}"}', cause, escape=lambda text: json.dumps(text)[1:-1])
    assert json.loads(body)["v"] == FILLER.fill("{value}", cause)
