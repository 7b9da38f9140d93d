from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.upstream.budget import MAX_MESSAGES, Budget
from blynk_gateway.config.upstream.options import BudgetOptions

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

REST = "server: nas, devices: {pi: {token: t, pins: [V1]}}"


@pytest.mark.parametrize(
    ("text", "budget", "shown"),
    [
        ("0", BudgetOptions(), "0"),
        ("100000/month", BudgetOptions(month=100_000), '"100000/month"'),
        ("3000/day", BudgetOptions(day=3000), '"3000/day"'),
        ("{month: 90000, day: 4000}", BudgetOptions(90_000, 4000), "{month: 90000, day: 4000}"),
        ("{day: 4000}", BudgetOptions(day=4000), '"4000/day"'),
        (f"{MAX_MESSAGES}/day", BudgetOptions(day=MAX_MESSAGES), f'"{MAX_MESSAGES}/day"'),
    ],
)
def test_budget_is_for_a_month_or_a_day_or_both(
    options_of: OptionsOf, text: str, budget: BudgetOptions, shown: str
) -> None:
    options = options_of(f"upstream: {{a: {{budget: {text}, {REST}}}}}")
    assert options.upstream["a"].budget == budget
    assert Budget().flow(budget) == shown
    assert options_of(f"upstream: {{a: {{budget: {shown}, {REST}}}}}") == options


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        ("100000", "100000/month"),
        ("100k/month", "100000/month"),
        ("3000 per day", "3000/day"),
        ("3000/d", "3000/day"),
        ("90000/mo", "90000/month"),
        ("a lot", ""),
        ("1000000001/month", ""),
        ("-1/day", ""),
    ],
)
def test_other_texts_are_told_what_was_likely_meant(
    faults_of: FaultsOf, text: str, likely: str
) -> None:
    (fault,) = faults_of(f"upstream: {{a: {{budget: {text}, {REST}}}}}")
    assert fault.startswith(f'gateway.yaml:1: upstream.a.budget: found "{text}", expected 0 for')
    assert fault.partition("; did you mean")[2] == (f' "{likely}"?' if likely else "")


def test_mapping_knows_two_periods(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(f"upstream: {{a: {{budget: {{week: 1}}, {REST}}}}}")
    assert fault.endswith("budget.week: found an unknown key, expected one of month, day")
