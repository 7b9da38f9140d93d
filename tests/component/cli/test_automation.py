import json
import time
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.cli import main
from tests.helpers.control import control_server

PATH = "/api/v1/automations"
AT_MS = 1_700_000_000_000

HOT: dict[str, Any] = {
    "slug": "too-hot",
    "name": "Too hot",
    "enabled": True,
    "stopped": "",
    "when": ["greenhouse/V5 above 30 for 2m", "message on shellies/V5/x, attic/V5/state"],
    "conditions": ["pi/V1 is off"],
    "then": ["set greenhouse/V1 to 1", 'notify "It is {value}"'],
    "runs": 2,
    "running": False,
    "last_run_ms": AT_MS,
    "skipped": "",
    "skipped_ms": None,
    "next_ms": None,
}
NIGHT = HOT | {"slug": "good-night", "name": "Good night", "when": [], "last_run_ms": None}
STOPPED = "it ran in a circle with the link pi/V1 → pi/V2 " * 3
RUN = {
    "id": 7,
    "automation": "too-hot",
    "at_ms": AT_MS,
    "cause": "greenhouse/V5 = 30.5",
    "cause_seq": 812,
    "outcome": "done",
    "actions": [
        {"action": "set greenhouse/V1 to 1", "result": "done", "failed": False},
        {"action": 'notify "It is 30.5"', "result": "", "failed": False},
    ],
    "ended_ms": AT_MS + 5,
}
DRY_RUN = {
    "would_run": True,
    "obstacles": [],
    "conditions": [{"condition": "pi/V1 is off", "met": True}],
    "actions": ["set greenhouse/V1 to 1", 'notify "It is 28.4"'],
}
PINS = {
    "greenhouse": [{"pin": "V5", "value": ["28.4"], "datastream": {"unit": "°C"}}],
    "pi": [
        {"pin": "V1", "value": [], "datastream": None},
        {"pin": "V2", "value": [""], "datastream": None},
    ],
}


def at(at_ms: int, form: str = "%Y-%m-%d %H:%M") -> str:
    return time.strftime(form, time.localtime(at_ms / 1000))


def automation(data_dir: Path, *command: str) -> int:
    return main(["--data-dir", str(data_dir), "automation", *command])


def test_list_shows_states_and_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = [
        HOT,
        NIGHT | {"enabled": False},
        NIGHT | {"slug": "a", "name": "A\x1b", "stopped": STOPPED},
        NIGHT | {"slug": "b", "running": True, "next_ms": AT_MS + 60_000},
        NIGHT | {"slug": "c", "running": True, "enabled": False},
    ]
    with control_server(tmp_path) as control:
        control.answers[f"GET {PATH}"] = (200, {"automations": rules})
        assert automation(tmp_path, "list") == 0
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= 80
        assert [" ".join(line.split()) for line in lines[:7]] == [
            "SLUG STATE LAST RUN NEXT NAME",
            f"too-hot on {at(AT_MS)} Too hot",
            "good-night off never Good night",
            r"a stopped never A\x1b",
            f"b running never {at(AT_MS + 60_000)} Good night",
            "c off, running never Good night",
            "",
        ]
        assert " ".join(" ".join(lines[7:]).split()) == f"a: {STOPPED}".strip()
        assert automation(tmp_path, "list", "--json") == 0
        assert json.loads(capsys.readouterr().out) == rules


def test_list_without_a_rule_says_where_to_put_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        control.answers[f"GET {PATH}"] = (200, {"automations": []})
        assert automation(tmp_path, "list") == 0
    assert "`automations:`" in capsys.readouterr().out


def explained(data_dir: Path, rule: dict[str, Any], found: dict[str, Any], *options: str) -> int:
    with control_server(data_dir) as control:
        control.answers[f"GET {PATH}/Too%20hot"] = (200, rule)
        control.answers[f"POST {PATH}/{rule['slug']}/test"] = (200, found)
        for slug, pins in PINS.items():
            control.answers[f"GET /api/v1/devices/{slug}/pins"] = (200, {"pins": pins})
        return automation(data_dir, "test", "Too hot", *options)


def test_a_dry_run_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explained(tmp_path, HOT, DRY_RUN) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Rule    Too hot (too-hot), on",
        "When    greenhouse/V5 above 30 for 2m",
        "          greenhouse/V5 has 28.4 °C now",
        "        message on shellies/V5/x, attic/V5/state",
        "If      yes  pi/V1 is off",
        "               pi/V1 has no value yet",
        "Then    set greenhouse/V1 to 1",
        '        notify "It is 28.4"',
        "Result  it would run if its trigger came now; nothing was done",
    ]


def test_a_dry_run_that_would_not_run_is_1_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = DRY_RUN | {
        "would_run": False,
        "obstacles": ["it is switched off", "limit: 4m left"],
        "conditions": [{"condition": "pi/V2 is off", "met": False}],
    }
    assert explained(tmp_path, HOT | {"enabled": False, "when": []}, found) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Rule    Too hot (too-hot), off"
    assert lines[1] == "When    by hand, by another rule, a dashboard or HTTP only"
    assert lines[2:4] == [
        "If      no   pi/V2 is off",
        "               pi/V2 has an empty text now",
    ]
    assert " ".join(" ".join(lines[6:]).split()) == (
        "Result it would not run now: it is switched off; limit: 4m left; a condition does not hold"
    )


def test_a_dry_run_with_a_value_does_not_tell_what_the_pin_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explained(tmp_path, HOT, DRY_RUN, "--value", "31", "2") == 0
    out = capsys.readouterr().out
    assert 'with ["31", "2"] in place of what its pin has' in out
    assert "28.4 °C" not in out


def test_the_value_of_a_dry_run_is_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with control_server(tmp_path) as control:
        control.answers[f"GET {PATH}/too-hot"] = (200, HOT)
        control.answers[f"POST {PATH}/too-hot/test"] = (200, DRY_RUN)
        assert automation(tmp_path, "test", "too-hot", "--json", "--value", "-5") == 0
        assert automation(tmp_path, "test", "too-hot", "--json") == 0
        posts = [body for asked, body in control.requests if asked.startswith("POST")]
        assert posts == [{"value": ["-5"]}, {"value": None}]
    assert json.loads(capsys.readouterr().out.split("\n}\n")[0] + "}") == DRY_RUN


def test_run_tells_what_became_of_each_action(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = {"action": "webhook x", "result": "no answer " * 12, "failed": True}
    run = RUN | {"outcome": "failed", "actions": [*RUN["actions"], failed]}  # type: ignore[misc]
    with control_server(tmp_path) as control:
        control.answers[f"POST {PATH}/too-hot/run"] = (200, {"run": run, "skipped": ""})
        assert automation(tmp_path, "run", "too-hot") == 1
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[:4] == [
        f"{at(AT_MS, '%Y-%m-%d %H:%M:%S')}  too-hot  failed  greenhouse/V5 = 30.5",
        "  done    set greenhouse/V1 to 1",
        '  …       notify "It is 30.5"',
        "  failed  webhook x: no answer no answer no answer no answer no answer no answer",
    ]
    assert lines[-1] == "What comes later: blynk-gateway automation runs too-hot"


def test_run_that_went_well_is_0_and_json_is_the_gateways(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RUN | {"actions": [{"action": "wait 2s", "result": "waited", "failed": False}]}
    with control_server(tmp_path) as control:
        control.answers[f"POST {PATH}/Too%20hot%2F1/run"] = (200, {"run": run, "skipped": ""})
        assert automation(tmp_path, "run", "Too hot/1") == 0
        assert capsys.readouterr().out.splitlines()[1:] == ["  done    wait 2s: waited"]
        assert automation(tmp_path, "run", "Too hot/1", "--json") == 0
        assert json.loads(capsys.readouterr().out) == {"run": run, "skipped": ""}


@pytest.mark.parametrize(
    ("skipped", "shown"),
    [("condition: pi/V1 is off", "condition: pi/V1 is off"), ("", "it is running already")],
)
def test_run_that_was_kept_back_is_1_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], skipped: str, shown: str
) -> None:
    with control_server(tmp_path) as control:
        control.answers[f"POST {PATH}/too-hot/run"] = (200, {"run": None, "skipped": skipped})
        assert automation(tmp_path, "run", "too-hot") == 1
    assert capsys.readouterr().out == f"It did not run: {shown}\n"


def test_runs_are_of_all_rules_or_of_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = "/api/v1/automation-runs"
    with control_server(tmp_path) as control:
        control.answers[f"GET {runs}?limit=20"] = (200, {"runs": [RUN, RUN]})
        control.answers[f"GET {runs}?limit=5&automation=Too+hot"] = (200, {"runs": []})
        assert automation(tmp_path, "runs") == 0
        assert capsys.readouterr().out.count("greenhouse/V5 = 30.5") == 2
        assert automation(tmp_path, "runs", "--json") == 0
        assert json.loads(capsys.readouterr().out) == [RUN, RUN]
        assert automation(tmp_path, "runs", "Too hot", "--limit", "5") == 0
        assert capsys.readouterr().out == "No runs yet.\n"


def test_what_was_left_out_is_not_called_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = ("broken off", "not done", "not run: limit: 4 min left")
    actions = [{"action": "x", "result": result, "failed": False} for result in results]
    with control_server(tmp_path) as control:
        run = RUN | {"outcome": "ended", "actions": actions}
        control.answers["GET /api/v1/automation-runs?limit=20"] = (200, {"runs": [run]})
        assert automation(tmp_path, "runs") == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert lines == [f"  –       x: {result}" for result in results]


@pytest.mark.parametrize(("command", "is_enabled"), [("enable", True), ("disable", False)])
def test_switching_says_nothing_if_it_went_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, is_enabled: bool
) -> None:
    with control_server(tmp_path) as control:
        control.answers[f"PUT {PATH}/too-hot/enabled"] = (200, HOT)
        assert automation(tmp_path, command, "too-hot") == 0
        assert control.requests == [(f"PUT {PATH}/too-hot/enabled", {"enabled": is_enabled})]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("command", ["test", "run", "enable", "disable"])
def test_unknown_rule_is_1_with_the_gateways_hint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    error = {"code": "automation.unknown", "message": "there is no automation 'x'", "hint": "List."}
    with control_server(tmp_path) as control:
        for asked in ("GET {}", "POST {}/run", "PUT {}/enabled"):
            control.answers[asked.format(f"{PATH}/x")] = (404, {"error": error})
        assert automation(tmp_path, command, "x") == 1
    assert capsys.readouterr().err == "blynk-gateway: there is no automation 'x'\n  List.\n"
