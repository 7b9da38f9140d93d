from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.automations.cron import parse_cron
from blynk_gateway.config.automations.options import CronTrigger

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

RULE = 'automations: [{{name: a, when: {{cron: "{}"}}, then: {{delay: 1s}}}}]'


@pytest.mark.parametrize(
    "text",
    [
        *("* * * * *", "*/15 6-22 * * 1-5", "0 12 * * 7", "5,10-20/2 * * * *", "0 0 29 2 *"),
        *("@hourly", "@daily", "@weekly", "@monthly", "@yearly", "0 0 * jan-dec mon-sat"),
        *("0 7 13 * 5", "0 7 */2 * 1", "0 7 1-31 * *", "0 7 * * 5-7", "0 7 30 2 mon"),
    ],
)
def test_expression_is_taken_as_it_is(options_of: OptionsOf, text: str) -> None:
    assert options_of(RULE.format(text)).automations[0].when == (CronTrigger(text),)


def test_blanks_and_case_do_not_matter() -> None:
    assert parse_cron("  0 12  * * MON ") == "0 12 * * mon"


@pytest.mark.parametrize(
    "text",
    [
        *("", "* * * *", "* * * * * *", "61 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *"),
        *("* * * * 8", "*/0 * * * *", "H * * * *", "R * * * *", "* * L * *", "* * * * 1#2"),
        *("* * ? * *", "- * * * *", "a * * * *", "1--2 * * * *", "@reboot", "@every 5m"),
        # What versions of the library take differently, or not at all.
        *("0 22-5 * * *", "0 7 * * fri-mon", "0 7 15W * *", "59-59 * * * *", "5/15 * * * *"),
        *("*/70 * * * *", "0 7 * * mon/2", "*,5 * * * *", "0 7 mon * *", "0 mar * * *"),
        *("0 7 1-31 * 1", "0 7 */1 * 1", "0 7 13 * 0-6", "0 7 13 * mon-sat,sun"),
        "* " * 200,
    ],
)
def test_what_other_crons_know_or_none_does_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_cron(text)


@pytest.mark.parametrize("text", ["0 0 31 2 *", "0 0 30 feb *", "0 0 31 4,6,9,11 *"])
def test_day_that_never_comes_is_a_fault(faults_of: FaultsOf, text: str) -> None:
    (fault,) = faults_of(RULE.format(text))
    assert fault.endswith(f'found "{text}", expected a day that comes: this one never does')


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0 */5 * * * *", "*/5 * * * *"),
        ("@midnight", "@daily"),
        ("@hourli", "@hourly"),
        ("0 22-5 * * *", "0 22-23,0-5 * * *"),
        ("0 7 * * fri-mon", "0 7 * * fri-sat,sun-mon"),
        ("0 7 ? * monday", "0 7 * * mon"),
        ("5/15 7-7 * * *", "5-59/15 7 * * *"),
        ("0 7 1-31 * 1", "0 7 * * 1"),
        ("0 7 13 * 0-6", "0 7 13 * *"),
        ("0 0 7 ? * *", "0 7 * * *"),
        ("@reboot", "startup: true"),
    ],
)
def test_what_was_likely_meant_is_told(faults_of: FaultsOf, text: str, meant: str) -> None:
    (fault,) = faults_of(RULE.format(text))
    assert fault.endswith(f'did you mean "{meant}"?')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60 7 * * *", "* or numbers 0 to 59, rising ranges and lists of these as the minute"),
        ("0 7 L * *", "* or numbers 1 to 31, rising ranges and lists of these as the day"),
        ("0 7 * * 5#2", "as the weekday"),
        ("0 7 1-31 * 1", "* as the day: here all of them could mean two things"),
        ("0 7 * *", 'five fields "minute hour day month weekday"'),
    ],
)
def test_faulty_field_is_told(faults_of: FaultsOf, text: str, expected: str) -> None:
    (fault,) = faults_of(RULE.format(text))
    assert f'found "{text}", expected ' in fault
    assert expected in fault
