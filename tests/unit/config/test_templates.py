from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.core.datastream import Authority, Datastream, DatastreamType
from blynk_gateway.core.history import HistoryPolicy

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]


def text_of(stream: str) -> str:
    return f"templates: {{all: {{datastreams: {{v05: {stream}}}}}}}"


@pytest.fixture
def stream_of(options_of: OptionsOf) -> Callable[[str], Datastream]:
    return lambda stream: options_of(text_of(stream)).templates["all"].datastreams["V5"]


StreamOf = Callable[[str], Datastream]


def test_empty_datastream_is_a_text_under_the_name_of_its_pin(stream_of: StreamOf) -> None:
    assert stream_of("") == Datastream("V5", "V5")


@pytest.mark.parametrize("policy", list(HistoryPolicy))
def test_history_is_kept_as_told(stream_of: StreamOf, policy: HistoryPolicy) -> None:
    assert stream_of(f"{{history: {policy}}}").history is policy


def test_every_key_reaches_the_datastream(stream_of: StreamOf) -> None:
    assert stream_of(
        "{name: Heat, type: double, min: -1.5, max: 9, default: 0.50, unit: °C, decimals: 1,"
        " writable: no, sync: off, authority: cloud}"
    ) == Datastream(
        "V5",
        "Heat",
        DatastreamType.DOUBLE,
        minimum=-1.5,
        maximum=9.0,
        default=("0.50",),
        unit="°C",
        decimals=1,
        is_writable=False,
        is_synced=False,
        authority=Authority.CLOUD,
    )


def test_enum_has_labels_and_a_fallback(stream_of: StreamOf) -> None:
    stream = stream_of("{type: enum, labels: {0: Off, 2: On}, fallback: 2}")
    assert (stream.labels, stream.fallback) == (((0, "Off"), (2, "On")), 2)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("{type: bool, default: true}", ("1",)),
        ("{type: enum, labels: {0: Off, 1: On}, default: On}", ("1",)),
        ("{type: int, default: [1, 2, 3]}", ("1", "2", "3")),
        ("{type: location, default: [13.4, 52.5]}", ("13.4", "52.5")),
        ('{default: "two words\\n"}', ("two words\n",)),
        ("{default: ''}", ("",)),
        ("{default: null}", None),
    ],
)
def test_default_is_the_value_devices_know(
    stream_of: StreamOf, stream: str, expected: tuple[str, ...] | None
) -> None:
    assert stream_of(stream).default == expected


@pytest.mark.parametrize(
    ("stream", "fault"),
    [
        ("{type: int, default: 1.5}", 'default: found "1.5", expected a whole number'),
        ("{type: double, default: x}", 'default: found "x", expected a number'),
        ("{type: bool, default: 2}", 'default: found "2", expected 0 or 1'),
        ("{type: int, max: 1, default: 2}", 'default: found "2", expected a value from min to max'),
        (
            "{type: enum, labels: {0: Off}, default: 7, fallback: 0}",
            'default: found "7", expected one of the labels',
        ),
        (
            "{type: location, default: 1}",
            'default: found "1", expected longitude and latitude, such as [13.4, 52.5]',
        ),
        ("{default: []}", "default: the value has no parameter; expected at least one"),
        ("{default: [[a]]}", "default: found a list, expected a value, or a list of values for a"),
        ('{default: "\\0"}', "default: found a character that no text can have, expected other"),
        (
            '{default: "\\ud800"}',
            "default: found a character that no text can have, expected other",
        ),
        (f"{{default: {'x' * 1025}}}", "default: the value has 1025 bytes; expected at most 1024"),
        ("{type: int, min: 2, max: 1}", "min: found 2, expected at most max, which is 1"),
        ("{type: int, max: 1e10}", "max: found 10000000000, expected a whole number from -214748"),
        ("{type: double, min: nan}", 'min: found "nan", expected a number'),
        ("{min: 1}", "min: found beside type string, expected only with int or double"),
        ("{type: int, decimals: 1}", "decimals: found beside type int, expected only with double"),
        ("{type: bool, labels: {0: a}}", "labels: found beside type bool, expected only with enum"),
        ("{type: enum, fallback: 1}", "fallback: found 1, expected one of the labels"),
    ],
)
def test_contradiction_is_one_fault(faults_of: FaultsOf, stream: str, fault: str) -> None:
    (found,) = faults_of(text_of(stream))
    assert found.startswith(f"gateway.yaml:1: templates.all.datastreams.V5.{fault}")


def test_faulty_type_is_not_followed_by_faults_of_another_type(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(text_of("{type: intt, min: 1, default: 2}"))
    assert "V5.type:" in fault


def test_pin_with_a_two_digit_number_does_not_hide_one_with_its_head(faults_of: FaultsOf) -> None:
    text = "templates: {all: {datastreams: {V10: {type: x}, V1: {min: 1}}}}"
    assert [fault.split(": ")[1].rpartition("datastreams.")[2] for fault in faults_of(text)] == [
        "V1.min",
        "V10.type",
    ]
