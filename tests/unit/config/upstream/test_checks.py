"""What is wrong between mappings and the rest of the file."""

from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.upstream.checks import MAX_UNKNOWN

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

HOME = "gateway: {token: pi-secret}\ndevices: {shed: {token: shed-secret}}\n"


def text_of(pins: str, slug: str = "shed", more: str = "") -> str:
    return (
        f"{HOME}upstream:\n  a:\n    server: nas\n    devices:\n"
        f"      {slug}: {{token: t, pins: {pins}{more}}}\n"
    )


def warnings_of(options: Options) -> list[str]:
    return [warning.partition("gateway.yaml:")[2] for warning in options.warnings]


@pytest.mark.parametrize(
    ("pins", "fault"),
    [
        ("{V5: V1, shed/V5: V2}", "found shed/V5 again (line 7), expected it once"),
        ("[V5, V5]", "found shed/V5 again (line 7), expected it once"),
        ("[V5, pi/V5]", "found V5 for pi/V5 too (line 7), expected another one above"),
        ("{V5: v1, V6: V01}", "found V1 for shed/V6 too (line 7), expected another one above"),
    ],
)
def test_pin_stands_once_here_and_once_above(faults_of: FaultsOf, pins: str, fault: str) -> None:
    (found,) = faults_of(text_of(pins))
    assert found == f"gateway.yaml:7: upstream.a.devices.shed.pins: {fault}"


def test_pin_may_go_up_to_several_devices_above(options_of: OptionsOf) -> None:
    text = text_of("[V5]") + "      house: {token: u, pins: [shed/V5]}\n"
    text += "  b: {server: nas2, devices: {shed: {token: t, pins: [V5]}}}\n"
    assert options_of(text).warnings == ()


def test_two_mappings_of_one_server_cannot_have_one_token(faults_of: FaultsOf) -> None:
    faults = faults_of(text_of("[V5]") + "      pi: {token: t, pins: [V5]}\n")
    assert faults == [
        "gateway.yaml:8: upstream.a.devices.pi.token: found the token of"
        " upstream.a.devices.shed (line 7), expected one of its own: a server takes each token"
        " once, and a device above can have many pins"
    ]


@pytest.mark.parametrize(
    ("server", "is_fault"),
    [
        ("server: NAS", True),
        ("server: nas, enabled: false", False),
        ("server: nas2", False),
        ("server: 'nas:443'", False),
    ],
)
def test_one_server_may_stand_twice_if_one_is_switched_off(
    faults_of: FaultsOf, options_of: OptionsOf, server: str, *, is_fault: bool
) -> None:
    text = f"{text_of('[V5]')}  b: {{{server}, devices: {{pi: {{token: t, pins: [V5]}}}}}}\n"
    if is_fault:
        (fault,) = faults_of(text)
        assert "upstream.b.devices.pi.token: found the token of upstream.a.devices.shed" in fault
    else:
        assert options_of(text).warnings == ()


@pytest.mark.parametrize(
    ("token", "holder"), [("shed-secret", "devices.shed"), ("pi-secret", "gateway")]
)
def test_token_of_the_lan_that_goes_up_is_a_warning(
    options_of: OptionsOf, token: str, holder: str
) -> None:
    options = options_of(text_of("[V5]").replace("token: t,", f"token: {token},"))
    (warning,) = warnings_of(options)
    assert warning.startswith(
        f"7: upstream.a.devices.shed.token: warning: found the token of {holder}, which the server"
    )
    assert token not in warning


def test_device_that_the_file_does_not_declare_is_a_warning(options_of: OptionsOf) -> None:
    options = options_of(text_of("\n        [V5,\n        hut/V6]", "sheds"))
    assert warnings_of(options) == [
        "8: upstream.a.devices.sheds.pins: warning: found sheds/V5, but this file declares no"
        " device sheds; unless `device add` has made it, add it below devices;"
        ' did you mean "shed"?',
        "9: upstream.a.devices.sheds.pins: warning: found hut/V6, but this file declares no"
        " device hut; unless `device add` has made it, add it below devices",
    ]


def test_device_above_that_none_here_is_needs_pins_of_others_only(options_of: OptionsOf) -> None:
    assert options_of(text_of("{shed/V5: V1, pi/V2: V2}", "house")).warnings == ()


def test_fields_of_a_device_that_is_not_here_are_a_warning(options_of: OptionsOf) -> None:
    options = options_of(text_of("{shed/V5: V1}", "house", ", metadata: [Location]"))
    (warning,) = warnings_of(options)
    assert warning.startswith(
        "7: upstream.a.devices.house.metadata: warning: found fields, but this file declares no"
        " device house"
    )


def test_thousands_of_unknown_devices_are_not_all_named(options_of: OptionsOf) -> None:
    pins = ", ".join(f"d{number}/V1: V{number}" for number in range(200))
    warnings = warnings_of(options_of(text_of(f"{{{pins}}}")))
    assert len(warnings) == MAX_UNKNOWN + 1
    assert f"found more than {MAX_UNKNOWN} devices that this file does not declare" in "".join(
        warnings
    )


def test_device_whose_entry_is_faulty_is_not_called_unknown(faults_of: FaultsOf) -> None:
    text = text_of("[hut/V5]").replace("{shed: {token: shed", "{hut: {token: a b}, shed: {token: s")
    (fault,) = faults_of(text)
    assert "devices.hut.token" in fault


def test_file_without_servers_above_is_fine(options_of: OptionsOf) -> None:
    for text in ("", "upstream: {}", "upstream:"):
        assert options_of(HOME + text).upstream == {}
