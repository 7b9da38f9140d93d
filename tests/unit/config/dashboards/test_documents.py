import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blynk_gateway.config.dashboards.documents import (
    InvalidDashboard,
    read_json,
    read_yaml,
    to_json,
    to_yaml,
)
from blynk_gateway.config.fault import MAX_FAULTS
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.dashboards.model import Box, Dashboard, Page, Widget
from blynk_gateway.core.dashboards.placing import placed
from blynk_gateway.core.json_text import Json, decode_json

PIN = PinAddress("pi", "V1")
RICH = Dashboard(
    "home",
    'Häuschen "1": #\\ \U0001f33f',
    (
        Page(
            "null",
            (
                Widget("slider", "~", PIN, options={"min": -0.5, "max": 1e300, "vertical": True}),
                Widget("button", pin=PIN, options={"on": "", "off": "0012", "mode": "switch"}),
                Widget("chart", pins=(PIN, PIN), options={"colors": ("#00ff00",), "range": "1M"}),
                Widget("terminal", pin=PIN, options={"lines": 5}, desktop=Box(3, 4, 5, 6)),
            ),
        ),
        Page("", (Widget("device", options={"device": "shed"}, phone=Box(0, 7, 4, 2)),)),
    ),
)


def as_read(dashboard: Dashboard) -> Dashboard:
    """The same after it went through JSON."""
    return read_json(dashboard.slug, decode_json(json.dumps(to_json(dashboard))))


@pytest.mark.parametrize("dashboard", [RICH, placed(RICH), Dashboard("a", "A")])
def test_nothing_is_lost_from_json_to_yaml_and_back(dashboard: Dashboard) -> None:
    assert as_read(dashboard) == dashboard
    text = to_yaml(dashboard, "other")
    assert read_yaml("home" if dashboard.slug == "home" else "a", text) == dashboard
    assert to_yaml(as_read(dashboard), "other") == text


TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20)


@settings(deadline=None)
@given(TEXTS, TEXTS, st.floats(allow_nan=False, allow_infinity=False))
def test_any_text_and_number_survive(title: str, unit: str, low: float) -> None:
    widget = Widget("value", title, PIN, options={"unit": unit})
    led = Widget("led", pin=PIN, options={"min": low})
    dashboard = Dashboard("a", title, (Page(title, (widget, led)), Page(unit)))
    assert as_read(dashboard) == dashboard
    assert read_yaml("a", to_yaml(dashboard, "a")) == dashboard


@pytest.mark.parametrize(
    "text",
    [
        "title: A\nwidgets: []\n",
        "home: {title: A, widgets: []}",
        "dashboards: {home: {title: A, widgets: []}}",
        "  home:\n    title: A\n    widgets: []\n",
        "title: A",
    ],
)
def test_yaml_is_read_with_and_without_its_name(text: str) -> None:
    assert read_yaml("a", text) == Dashboard("a", "A")


def test_dashboard_may_be_named_like_a_key() -> None:
    assert read_yaml("a", "widgets: {title: A}") == Dashboard("a", "A")
    assert read_yaml("a", "widgets: []") == Dashboard("a", "a")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the text is empty; expected a dashboard"),
        ("title: [", "line 1: cannot be read as YAML: "),
        ("- a", "line 1: found a list, expected `key: value` pairs"),
        ("a: {}\nb: {}", "line 1: a: found an unknown key"),
        ("title: A\ncolour: x", "line 2: colour: found an unknown key"),
        ("title: !secret a", "line 1: title: found !secret, expected plain text"),
        ("title: &a A\npages: [*a]", "line 1: pages[0]: found a text, expected"),
    ],
)
def test_faults_of_yaml_have_lines(text: str, fault: str) -> None:
    with pytest.raises(InvalidDashboard) as caught:
        read_yaml("a", text)
    assert str(caught.value).startswith(fault)


def test_aliases_that_stand_for_billions_are_refused() -> None:
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    names = "abcdefgh"
    for one, last in zip(names[1:], names, strict=False):
        rows.append(f"{one}: &{one} [{', '.join([f'*{last}'] * 9)}]")
    text = "\n".join([*rows, f"pages: [{', '.join(['{widgets: *h}'] * 16)}]"])
    with pytest.raises(InvalidDashboard):
        read_yaml("a", text)


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ([], "found a list, expected `key: value` pairs"),
        ("x", "found a text, expected `key: value` pairs"),
        ({"slug": "a"}, "slug: found an unknown key, expected one of title, pages, widgets"),
        ({"title": 5, "pages": {}}, "pages: found a mapping, expected a list such as"),
        ({"widgets": [None]}, "widgets[0]: found no type, expected one of "),
        (
            {"widgets": [{"type": "chart", "pins": "pi/V1"}]},
            'widgets[0].pins: found "pi/V1", expected a list such as [greenhouse/V5]',
        ),
        (
            {"widgets": [{"type": "led", "pin": "pi/V1", "a.b\u202e": 1}]},
            'widgets[0]."a.b\\u202e": found an unknown key'.replace("\\u202e", "\\U0000202e"),
        ),
        (
            {"widgets": [{"type": "header", "desktop": [0, 0, 2, 2]}] * 2},
            "widgets[1].desktop: found a place that widgets[0] takes, expected another one",
        ),
    ],
)
def test_faults_of_json_have_paths(document: Json, fault: str) -> None:
    with pytest.raises(InvalidDashboard) as caught:
        read_json("a", decode_json(json.dumps(document)))
    assert str(caught.value).startswith(fault)


def test_faults_are_in_the_order_of_the_document_and_cut_where_there_are_too_many() -> None:
    with pytest.raises(InvalidDashboard) as caught:
        read_json("a", {"widgets": [{"type": "x"}] * 200})
    told = str(caught.value).splitlines()
    assert len(told) == MAX_FAULTS + 1
    assert [line.partition(".")[0] for line in told[:12]] == [f"widgets[{n}]" for n in range(12)]
    assert told[-1] == "there may be more faults"


def test_deep_json_is_refused() -> None:
    document: Json = {}
    for _ in range(2000):
        document = {"pages": [document]}
    with pytest.raises(InvalidDashboard, match="levels"):
        read_json("a", document)


def test_whole_numbers_have_no_point_in_json() -> None:
    widget = to_json(RICH)["pages"][0]["widgets"][3]
    assert json.dumps(widget) == (
        '{"type": "terminal", "pin": "pi/V1", "lines": 5, "desktop": [3, 4, 5, 6]}'
    )


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["title", "pages", "widgets", "type", "pin", "pins", "desktop"]),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_any_document_is_a_dashboard_or_refused(document: Json) -> None:
    try:
        made = read_json("a", document)
    except InvalidDashboard:
        return
    assert placed(made).pages
