import itertools
import re
from pathlib import Path

from blynk_gateway.config import as_yaml, effective, load
from blynk_gateway.demo.home import demo_options, new_home
from blynk_gateway.demo.models import Greenhouse
from blynk_gateway.demo.rules import EVENTS, HOT_ABOVE_C, RULES


def test_rules_and_events_are_such_as_a_file_can_have(tmp_path: Path) -> None:
    text = as_yaml(effective(demo_options(new_home())))
    tokens = map("token{}".format, itertools.count())
    path = tmp_path / "gateway.yaml"
    path.write_text(re.sub(r'"\*\*\*"', lambda _: next(tokens), text))
    options = load(path, {})
    assert options.automations == RULES
    assert options.templates["greenhouse"].events == EVENTS["greenhouse"]
    assert not any("automations" in warning for warning in options.warnings)


def test_demo_becomes_hot_enough_for_its_rule() -> None:
    model = Greenhouse()
    readings = [float(dict(model.step(1.0))["V0"][0]) for _ in range(180)]
    assert max(readings) > HOT_ABOVE_C > readings[0]
