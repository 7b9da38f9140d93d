from collections.abc import Callable

from blynk_gateway.config import Options
from blynk_gateway.config.automations import parts
from blynk_gateway.config.automations.options import AnyCondition, NotCondition, TimeCondition

OptionsOf = Callable[[str], Options]


class Places:
    """As much of a scope as the paths need: where each key stands."""

    def __init__(self, options: Options) -> None:
        self.places = options.places


def test_each_part_has_the_path_under_which_it_stands(options_of: OptionsOf) -> None:
    options = options_of("""
automations:
  - name: One two
    when: {startup: true}
    if: [{any: [{days: mon}, {not: {days: tue}}]}, {days: wed}]
    then: [{delay: 1s}, {delay: 2s}]
""")
    (rule,) = options.automations
    scope = Places(options)
    assert [path for path, _ in parts.triggers(rule, scope)] == ["automations.one-two.when"]  # type: ignore[arg-type]  # see above
    assert [path for path, _ in parts.actions(rule, scope)] == [  # type: ignore[arg-type]  # see above
        "automations.one-two.then[0]",
        "automations.one-two.then[1]",
    ]
    found = [(path, type(one)) for path, one in parts.conditions(rule, scope)]  # type: ignore[arg-type]  # see above
    assert found == [
        ("automations.one-two.if[0]", AnyCondition),
        ("automations.one-two.if[0].any[0]", TimeCondition),
        ("automations.one-two.if[0].any[1]", NotCondition),
        ("automations.one-two.if[0].any[1].not", TimeCondition),
        ("automations.one-two.if[1]", TimeCondition),
    ]
