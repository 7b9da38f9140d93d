"""The schema of `dashboards:`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import yaml

from blynk_gateway.config.dashboards.widgets import TEXT, WidgetKind
from blynk_gateway.config.kinds import Key, Kind, ListOf, MapOf, Section
from blynk_gateway.config.scalars import SLUG, text_of
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.dashboards.model import (
    MAX_DASHBOARDS,
    MAX_PAGES,
    MAX_WIDGETS,
    MAX_WIDGETS_IN_ALL,
    Dashboard,
    Page,
)

WIDGETS = ListOf(WidgetKind(), "a list such as [{type: switch, pin: pi/V1}]", MAX_WIDGETS)


def _check_overlaps(page: Page, key: str, scope: Scope) -> Page:
    path = f"{key}.widgets" if key else "widgets"
    if scope.is_faulty(path):
        # Entries that are left out have moved the others, and their numbers would mislead.
        return page
    for layout in ("desktop", "phone"):
        boxes = [
            (index, getattr(widget, layout))
            for index, widget in enumerate(page.widgets)
            if getattr(widget, layout) is not None
        ]
        told: set[int] = set()
        for (first, one), (second, other) in combinations(boxes, 2):
            if second not in told and one.overlaps(other):
                told.add(second)
                place = f"{path}[{second}]"
                line = scope.line_of(f"{path}[{first}]")
                # JSON has no lines worth telling.
                where = f" (line {line})" if line != scope.line_of(place) else ""
                text = f"found a place that {path}[{first}]{where} takes, expected another one"
                scope.fault_at(f"{place}.{layout}", text)
    return page


def _finish_dashboard(dashboard: Dashboard, key: str, scope: Scope) -> Dashboard:
    count = sum(len(page.widgets) for page in dashboard.pages)
    if count > MAX_WIDGETS_IN_ALL:
        scope.fault_at(key, f"found {count} widgets, expected at most {MAX_WIDGETS_IN_ALL} in all")
    return dashboard if dashboard.pages else replace(dashboard, pages=(Page(),))


PAGE = Section(Page, (Key("title", TEXT), Key("widgets", WIDGETS)), finish=_check_overlaps)


@dataclass(frozen=True, slots=True)
class OnlyPage(Kind[tuple[Page, ...]]):
    """The widgets of a dashboard that has one page, without a title."""

    def read(self, node: yaml.Node, key: str, scope: Scope) -> tuple[Page, ...]:
        """One page with these widgets."""
        page = Page("", WIDGETS.read(node, key, scope))
        return (_check_overlaps(page, key.rpartition(".")[0], scope),)

    def flow(self, value: tuple[Page, ...]) -> str:
        """The widgets alone."""
        return WIDGETS.flow(value[0].widgets)

    def settings(self, value: tuple[Page, ...], key: str) -> Iterator[tuple[str, str]]:
        """On one line."""
        yield key, self.flow(value)


DASHBOARD = Section(
    Dashboard,
    (
        Key("title", text_of("a title")),
        Key("pages", ListOf(PAGE, "a list such as [{title: Home, widgets: []}]", MAX_PAGES)),
        Key("widgets", OnlyPage(), "pages"),
    ),
    finish=_finish_dashboard,
)

DASHBOARDS = MapOf(SLUG, ("slug", "title"), DASHBOARD, limit=MAX_DASHBOARDS)
