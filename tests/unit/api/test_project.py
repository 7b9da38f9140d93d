from pathlib import Path

import pytest

from blynk_gateway.api.project import project_of
from blynk_gateway.core.change import Intent
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.stream import PinState
from tests.helpers.http import CONFIG, Site

INT = DatastreamType.INT


@pytest.mark.parametrize(
    ("datastream", "kind"),
    [
        (None, "LABELED_VALUE_DISPLAY"),
        (Datastream("V1", "x"), "LABELED_VALUE_DISPLAY"),
        (Datastream("V1", "x", INT, is_writable=False), "DIGIT4_DISPLAY"),
        (Datastream("V1", "x", INT, minimum=0, maximum=1), "BUTTON"),
        (Datastream("V1", "x", INT, minimum=0, maximum=9), "SLIDER"),
    ],
)
def test_widget_fits_the_datastream(
    tmp_path: Path, datastream: Datastream | None, kind: str
) -> None:
    site = Site(tmp_path)
    (widget,) = project_of(site.device, [PinState("V1", ("1",), 0, 1, datastream)])["widgets"]
    assert (widget["type"], widget["pin"], widget["value"]) == (kind, 1, "1")


def test_widgets_are_numbered_in_order_and_carry_properties(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.registry.set_property(site.device, "D2", "labels", ("a", "b"), CONFIG)
    for pin in ("A1", "D2"):
        site.store.write("greenhouse", pin, ("1", "2"), CONFIG, Intent.REPORT)
    widgets = project_of(site.device, site.store.pins("greenhouse"))["widgets"]
    assert [widget["id"] for widget in widgets] == list(range(1, 10))
    assert widgets[-2]["labels"] == ["a", "b"]
    assert widgets[-2]["value"] == "1\x002"
    assert widgets[-1]["pinType"] == "ANALOG"
