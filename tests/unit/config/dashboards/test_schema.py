from collections.abc import Callable

from blynk_gateway.config import Options
from blynk_gateway.config.dashboards.schema import DASHBOARD, OnlyPage
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.dashboards.model import Dashboard, Page, Widget

LED = Widget("led", pin=PinAddress("pi", "V1"))
Faults = Callable[[str], list[str]]
Load = Callable[[str], Options]


def test_widgets_alone_are_one_page_without_a_title(options_of: Load) -> None:
    text = "dashboards: {home: {widgets: [{type: led, pin: pi/V1}]}}"
    assert options_of(text).dashboards == {"home": Dashboard("home", "home", (Page("", (LED,)),))}


def test_pages_have_titles_or_none(options_of: Load) -> None:
    text = (
        "dashboards: {a: {title: A, pages: [{title: One}, {widgets: [{type: led, pin: pi/V1}]}]}}"
    )
    assert options_of(text).dashboards["a"] == Dashboard("a", "A", (Page("One"), Page("", (LED,))))


def test_dashboard_without_anything_has_a_page(options_of: Load) -> None:
    for body in ("", "{pages: []}", "{widgets: []}"):
        made = options_of(f"dashboards: {{home: {body}}}").dashboards["home"]
        assert made.pages == (Page(),)


def test_dashboards_name_devices_that_commands_add(options_of: Load) -> None:
    options = options_of("dashboards: {home: {widgets: [{type: led, pin: nowhere/V1}]}}")
    assert options.warnings == ()


def test_there_is_an_end_to_widgets_pages_and_dashboards(faults_of: Faults) -> None:
    led = "{type: led, pin: pi/V1}"
    page = f"widgets: &page [{', '.join([led] * 200)}]"
    many = f"dashboards: {{a: {{pages: [{{{page}}}{', {widgets: *page}' * 5}]}}}}"
    assert faults_of(many) == [
        "gateway.yaml:1: dashboards.a: found 1200 widgets, expected at most 1000 in all"
    ]
    wide = f"dashboards: {{a: {{widgets: [{', '.join([led] * 201)}]}}}}"
    assert faults_of(wide) == [
        "gateway.yaml:1: dashboards.a.widgets: found 201 entries, expected at most 200"
    ]
    thick = f"dashboards: {{a: {{pages: [{', '.join(['{}'] * 17)}]}}}}"
    assert faults_of(thick) == [
        "gateway.yaml:1: dashboards.a.pages: found 17 entries, expected at most 16"
    ]
    full = "dashboards:\n" + "".join(f"  d{number}:\n" for number in range(33))
    assert faults_of(full) == ["gateway.yaml:2: dashboards: found 33 entries, expected at most 32"]


def test_each_widget_that_stands_on_another_is_named_once(faults_of: Faults) -> None:
    led = "{type: led, pin: pi/V1, desktop: [0, 0, 2, 2]}"
    text = f"dashboards:\n  a:\n    widgets:\n      - {led}\n      - {led}\n      - {led}\n"
    assert faults_of(text) == [
        f"gateway.yaml:{line}: dashboards.a.widgets[{index}].desktop: found a place that"
        " dashboards.a.widgets[0] (line 4) takes, expected another one"
        for index, line in ((1, 5), (2, 6))
    ]


def test_places_are_not_compared_beside_faulty_widgets(faults_of: Faults) -> None:
    led = "{type: led, pin: pi/V1, desktop: [0, 0, 2, 2]}"
    assert len(faults_of(f"dashboards: {{a: {{widgets: [{{type: x}}, {led}, {led}]}}}}")) == 1


def test_same_place_on_two_pages_is_fine(options_of: Load) -> None:
    page = "{widgets: [{type: led, pin: pi/V1, desktop: [0, 0, 2, 2]}]}"
    assert options_of(f"dashboards: {{a: {{pages: [{page}, {page}]}}}}").warnings == ()


def test_only_page_is_shown_by_its_widgets() -> None:
    shown = "[{type: led, pin: pi/V1}]"
    assert OnlyPage().flow((Page("", (LED,)),)) == shown
    assert list(OnlyPage().settings((Page("", (LED,)),), "a.widgets")) == [("a.widgets", shown)]
    assert DASHBOARD.keys[-1].kind == OnlyPage()
