from collections.abc import Iterator
from typing import Any

import gpiozero
import pytest
from gpiozero.exc import DeviceClosed, GPIOPinInUse, SPIBadArgs

from blynk_gateway.errors import LineUnavailable
from blynk_gateway.gpio.lines.simulated_spi import CHIPS, Converter
from tests.helpers.gpio import Rig

ONE_CHANNEL = ("mcp3001", "mcp3201", "mcp3301")
SEVERAL = [name for name in CHIPS if name not in ONE_CHANNEL]


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as rig:
        for channel in range(8):
            rig.simulation.set_adc(channel, (channel + 1) / 10)
        yield rig


def open_adc(rig: Rig, name: str, *, device: int = 0, **arguments: object) -> Any:  # noqa: ANN401  gpiozero has no types
    rig.board.pin_factory.attach(device, name)
    kind = getattr(gpiozero, name.upper())
    return kind(port=0, device=device, pin_factory=rig.board.pin_factory, **arguments)


def counts(name: str, channel: int) -> int:
    return int((channel + 1) / 10 * 2 ** CHIPS[name].bits)


@pytest.mark.parametrize("name", ONE_CHANNEL)
@pytest.mark.parametrize("device", [0, 1])
def test_the_library_reads_a_chip_with_one_channel(rig: Rig, name: str, device: int) -> None:
    with open_adc(rig, name, device=device) as adc:
        assert adc.raw_value == counts(name, 0)
        rig.simulation.set_adc(0, 1.0)
        assert adc.raw_value == 2 ** CHIPS[name].bits - 1
        assert adc.value == 1.0
        rig.simulation.set_adc(0, 0.0)
        assert adc.raw_value == 0


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("device", [0, 1])
def test_the_library_reads_every_channel(rig: Rig, name: str, device: int) -> None:
    for channel in range(CHIPS[name].channels):
        with open_adc(rig, name, device=device, channel=channel) as adc:
            assert adc.raw_value == counts(name, channel)
            assert adc.value == pytest.approx((channel + 1) / 10, abs=0.002)


@pytest.mark.parametrize("name", SEVERAL)
def test_full_scale_and_nothing_are_the_ends_of_what_is_read(rig: Rig, name: str) -> None:
    with open_adc(rig, name, channel=1) as adc:
        rig.simulation.set_adc(1, 1.0)
        assert adc.raw_value == 2 ** CHIPS[name].bits - 1
        rig.simulation.set_adc(1, 0.0)
        assert adc.raw_value == 0


@pytest.mark.parametrize("name", SEVERAL)
def test_a_difference_is_taken_with_the_neighbour(rig: Rig, name: str) -> None:
    for channel in range(CHIPS[name].channels):
        with open_adc(rig, name, channel=channel, differential=True) as adc:
            difference = counts(name, channel) - counts(name, channel ^ 1)
            is_signed = name in ("mcp3302", "mcp3304")
            assert adc.raw_value == (difference if is_signed else max(0, difference))


def test_several_channels_share_a_chip(rig: Rig) -> None:
    with open_adc(rig, "mcp3008", channel=0) as first, open_adc(rig, "mcp3008", channel=7) as last:
        assert (first.raw_value, last.raw_value) == (102, 819)


def test_both_chip_selects_are_used_at_once(rig: Rig) -> None:
    with open_adc(rig, "mcp3008") as small, open_adc(rig, "mcp3208", device=1) as large:
        assert (small.raw_value, large.raw_value) == (102, 409)


def test_a_converter_reserves_its_lines_and_gives_them_up(rig: Rig) -> None:
    factory = rig.board.pin_factory
    adc = open_adc(rig, "mcp3008", device=1, channel=0)
    for line in (7, 9, 10, 11):
        with pytest.raises(GPIOPinInUse):
            gpiozero.LED(pin=line, pin_factory=factory)
    gpiozero.LED(pin=8, pin_factory=factory).close()
    adc.close()
    gpiozero.LED(pin=11, pin_factory=factory).close()


def test_a_line_in_use_keeps_the_converter_away(rig: Rig) -> None:
    with gpiozero.LED(pin=10, pin_factory=rig.board.pin_factory) as led:
        with pytest.raises(GPIOPinInUse):
            open_adc(rig, "mcp3008")
        led.close()
    # Nothing stays reserved.
    gpiozero.LED(pin=11, pin_factory=rig.board.pin_factory).close()


def test_who_does_not_share_has_the_chip_select_alone(rig: Rig) -> None:
    factory = rig.board.pin_factory
    alone = factory.spi(port=0, device=0)
    with pytest.raises(GPIOPinInUse):
        factory.spi(port=0, device=0, shared=True)
    factory.spi(port=0, device=1).close()
    assert alone.clock_mode == 0
    alone.close()
    alone.close()
    with pytest.raises(DeviceClosed):
        alone.transfer([0])


def test_other_lines_have_no_spi(rig: Rig) -> None:
    with pytest.raises(SPIBadArgs):
        rig.board.pin_factory.spi(clock_pin=21, mosi_pin=20, miso_pin=19, select_pin=16)


def test_an_unknown_chip_is_refused(rig: Rig) -> None:
    with pytest.raises(LineUnavailable, match="'mcp3009'; expected one of mcp3001"):
        rig.board.pin_factory.attach(0, "mcp3009")


def test_without_a_start_bit_nothing_comes_back() -> None:
    assert Converter([1.0] * 8).answer([0, 0, 0]) == [0, 0, 0]


def test_a_message_that_ends_early_gets_what_fits() -> None:
    # Start, single, channel 0 at once: a sample, a null bit, then ones.
    assert Converter([1.0] * 8).answer([0b11000000, 0]) == [0b00000001, 0b11111111]
    assert Converter([1.0] * 8).answer([0b1]) == [0]


def test_another_bus_has_no_converter(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    # As a later gpiozero may have it: 1.6.2 and 2.0.1 know no other bus themselves.
    monkeypatch.setattr(
        "blynk_gateway.gpio.lines.simulated_spi.spi_port_device",
        lambda **lines: (1, len(lines) - 4),
    )
    with pytest.raises(SPIBadArgs, match="no simulated SPI 1"):
        rig.board.pin_factory.spi(port=0, device=0)
