import json
from typing import Any

import pytest

from blynk_gateway.automations.runs.waits import Waiting, digest, from_json, to_json
from blynk_gateway.config.automations.options import DelayAction
from tests.unit.automations.runs.system import System, rule, setting


def waiting() -> dict[str, Any]:
    system = System()
    options = rule("Hot", setting(a_V1="{value}"), DelayAction(10_000))
    system.start(options, system.cause(value=("1", "\udcff"), previous=("2",), seq=3, depth=4))
    (document,) = system.runner.waiting()
    return document


def test_wait_survives_json() -> None:
    document = waiting()
    again = json.loads(json.dumps(document))
    one = from_json(again)
    assert to_json(one) == document
    assert one.cause.value == ("1", "\udcff")
    assert one.cause.depth == 0
    assert one.words == {0: "set a/V1 to 1, \N{REPLACEMENT CHARACTER}"}


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x"},
        {"cause": None},
        {"cause": [1] * 20},
        {"queue": [[1]]},
        {"switched_on": [1]},
        {"results": [["done"]]},
        {"words": 1},
        {"due_ms": None},
    ],
)
def test_wait_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no run that waits"):
        from_json({**waiting(), **change})


def test_wait_fits_the_same_actions_only() -> None:
    one: Waiting = from_json(waiting())
    same = rule("Other", setting(a_V1="{value}"), DelayAction(10_000)).then
    assert one.fits(same)
    assert not one.fits(same[:1])
    assert not one.fits((*same, DelayAction(1)))
    assert not one._replace(step=5, digest=digest(same)).fits(same)
    assert not one._replace(results=()).fits(same)
