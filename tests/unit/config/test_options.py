from dataclasses import replace

from blynk_gateway.config.options import Address, DeviceOptions, GatewayOptions, Options, Place
from blynk_gateway.config.secret import Secret
from blynk_gateway.core.datastream import Datastream, Template


def test_place_of_an_option_does_not_count_as_a_change() -> None:
    assert Options() == replace(Options(), places={"data_dir": Place("gateway.yaml", 3)})


def test_device_datastream_stands_in_place_of_the_templates() -> None:
    shared = {"V1": Datastream("V1", "one"), "V2": Datastream("V2", "two")}
    own = Datastream("V2", "own")
    device = DeviceOptions("shed", "Shed", Secret("t"), template="all", datastreams={"V2": own})
    options = Options(devices={"shed": device}, templates={"all": Template("all", shared)})
    assert options.datastreams_of(device) == {"V1": shared["V1"], "V2": own}


def test_device_without_template_has_its_own_datastreams_only() -> None:
    device = DeviceOptions("shed", "Shed", Secret("t"))
    assert Options(devices={"shed": device}).datastreams_of(device) == {}


def test_gateway_has_datastreams_like_any_device() -> None:
    shared = {"V1": Datastream("V1", "one")}
    own = {"V2": Datastream("V2", "own")}
    gateway = GatewayOptions(template="all", datastreams=own)
    options = Options(gateway=gateway, templates={"all": Template("all", shared)})
    assert options.datastreams_of(options.gateway) == {**shared, **own}


def test_warnings_do_not_count_as_a_change() -> None:
    assert Options() == replace(Options(), warnings=("gateway.yaml:3: warning: x",))


def test_address_shows_ipv6_in_brackets() -> None:
    assert str(Address("::1", 80)) == "[::1]:80"
    assert str(Address("localhost", 80)) == "localhost:80"


def test_options_do_not_show_tokens_when_printed() -> None:
    assert "hidden" not in repr(DeviceOptions("shed", "Shed", Secret("hidden")))
