import pytest

from blynk_gateway.config.gpio.inputs import ADC_CHANNELS, AdcOptions


@pytest.mark.parametrize(("device", "select"), [(0, 8), (1, 7)])
def test_converter_uses_its_chip_select_and_the_bus(device: int, select: int) -> None:
    options = AdcOptions(name="soil", type="mcp3008", pin="V1", device=device)
    assert [line for _, line in options.lines()] == [select, 9, 10, 11]


def test_every_chip_of_the_family_is_known() -> None:
    models = {f"mcp3{family}0{model}" for family in "02" for model in "1248"}
    assert models | {"mcp3301", "mcp3302", "mcp3304"} == ADC_CHANNELS.keys()
    assert ADC_CHANNELS["mcp3302"] == 4
    assert ADC_CHANNELS["mcp3304"] == 8
