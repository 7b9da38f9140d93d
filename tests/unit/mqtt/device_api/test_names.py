import pytest

from blynk_gateway.core.change import Intent
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.errors import UnknownDevice, UnknownPin
from blynk_gateway.mqtt.device_api.names import StreamNames, is_level
from tests.helpers.mqtt import CONFIG, Core


@pytest.fixture
def core() -> Core:
    core = Core()
    core.add(
        "shed",
        Datastream("V1", "Set Temperature"),
        Datastream("V2", "Größe °C"),
        Datastream("V3", "a/b"),
        Datastream("V4", "Twice"),
        Datastream("V10", "Twice"),
        Datastream("V5", "V6"),
        Datastream("V7", "v7"),
    )
    return core


@pytest.mark.parametrize(
    ("name", "pin"),
    [
        ("Set Temperature", "V1"),
        ("Größe °C", "V2"),
        ("Twice", "V4"),
        ("V3", "V3"),
        ("v3", "V3"),
        ("V6", "V6"),
        ("v7", "V7"),
        ("V255", "V255"),
    ],
)
def test_a_name_or_the_pin_itself_is_found(core: Core, name: str, pin: str) -> None:
    assert StreamNames(core.store).pin("shed", name) == pin


@pytest.mark.parametrize("name", ["set temperature", "", "V256", "D1", "A0", "V01", "\udcff"])
def test_what_is_neither_is_refused_with_what_there_is(core: Core, name: str) -> None:
    with pytest.raises(UnknownPin, match=r"expected Set Temperature, Größe °C, Twice, v7 or V0…"):
        StreamNames(core.store).pin("shed", name)


@pytest.mark.parametrize(
    ("pin", "name"),
    [
        ("V1", "Set Temperature"),
        ("V3", "V3"),
        ("V4", "Twice"),
        ("V10", "V10"),
        ("V5", "V5"),
        ("V9", "V9"),
    ],
)
def test_what_a_device_is_told_leads_back_to_the_pin(core: Core, pin: str, name: str) -> None:
    names = StreamNames(core.store)
    assert names.name("shed", pin) == name
    assert names.pin("shed", name) == pin


def test_a_device_without_datastreams_has_its_pins(core: Core) -> None:
    core.add("bare")
    core.store.write("bare", "D4", ("1",), CONFIG, Intent.REPORT)
    names = StreamNames(core.store)
    assert names.pin("bare", "V4") == "V4"
    with pytest.raises(UnknownPin, match=r"expected V0…V255$"):
        names.pin("bare", "D4")


def test_other_names_count_after_forget(core: Core) -> None:
    names = StreamNames(core.store)
    assert names.name("shed", "V1") == "Set Temperature"
    core.redefine("shed", Datastream("V1", "Target"))
    names.forget("shed")
    assert names.name("shed", "V1") == "Target"
    core.redefine("shed", Datastream("V1", "Aim"))
    names.forget()
    assert names.pin("shed", "Aim") == "V1"


def test_an_unknown_device_has_no_names(core: Core) -> None:
    with pytest.raises(UnknownDevice):
        StreamNames(core.store).name("nobody", "V1")


@pytest.mark.parametrize("text", ["a", "a b", "°C", "$x", "\U0001f321", "日本"])
def test_plain_text_is_a_level(text: str) -> None:
    assert is_level(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a/b",
        "a+",
        "#",
        "a\0b",
        "\x1f",
        "\x7f",
        "\x85",
        "\ud800",
        "\ufdd0",
        "\uffff",
        "\U0001fffe",
    ],
)
def test_what_brokers_refuse_is_no_level(text: str) -> None:
    assert not is_level(text)
