import ctypes
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from blynk_gateway.errors import GpioUnavailable, HardwareError, LineUnavailable
from blynk_gateway.gpio.lines import chip
from tests.helpers.kernel_gpio import FakeKernel


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeKernel]:
    kernel = FakeKernel(monkeypatch, tmp_path)
    yield kernel
    kernel.close()


class LineAttribute(ctypes.Structure):
    _fields_ = (("id", ctypes.c_uint32), ("padding", ctypes.c_uint32), ("value", ctypes.c_uint64))


class ConfigAttribute(ctypes.Structure):
    _fields_ = (("attr", LineAttribute), ("mask", ctypes.c_uint64))


class LineConfig(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("num_attrs", ctypes.c_uint32),
        ("padding", ctypes.c_uint32 * 5),
        ("attrs", ConfigAttribute * 10),
    )


class LineRequest(ctypes.Structure):
    """As in include/uapi/linux/gpio.h."""

    _fields_ = (
        ("offsets", ctypes.c_uint32 * 64),
        ("consumer", ctypes.c_char * 32),
        ("config", LineConfig),
        ("num_lines", ctypes.c_uint32),
        ("event_buffer_size", ctypes.c_uint32),
        ("padding", ctypes.c_uint32 * 5),
        ("fd", ctypes.c_int32),
    )


def test_sizes_and_numbers_are_those_of_the_kernel_headers() -> None:
    # Printed by a C program that includes linux/gpio.h, on a 64-bit machine.
    assert (chip.CHIP_INFO.size, chip.GET_CHIP_INFO) == (68, 0x8044B401)
    assert (chip.LINE_INFO.size, chip.GET_LINE_INFO) == (256, 0xC100B405)
    assert (chip.LINE_REQUEST.size, chip.GET_LINE) == (592, 0xC250B407)
    assert (chip.LINE_VALUES.size, chip.GET_LINE_VALUES) == (16, 0xC010B40E)


def test_a_request_has_every_field_where_the_kernel_looks_for_it() -> None:
    packed = chip.LINE_REQUEST.pack(17, *[0] * 63, b"me", 0x3C, 1, 3, 20_000, 1, 1, 1024, 9)
    request = LineRequest.from_buffer_copy(packed)
    assert (list(request.offsets)[:2], request.consumer) == ([17, 0], b"me")
    assert (request.config.flags, request.config.num_attrs) == (0x3C, 1)
    attribute = request.config.attrs[0]
    assert (attribute.attr.id, attribute.attr.value, attribute.mask) == (3, 20_000, 1)
    assert (request.num_lines, request.event_buffer_size, request.fd) == (1, 1024, 9)


def test_the_chip_of_the_header_is_found_by_its_label(kernel: FakeKernel) -> None:
    kernel.add_chip(0, "raspberrypi-exp-gpio", 8)
    kernel.add_chip(10, "pinctrl-rp1", 54)
    kernel.add_chip(2, "gpio-brcmstb@107d508500", 32)
    found = chip.find_chip(kernel.dev)
    assert (found.label, found.lines, found.number) == ("pinctrl-rp1", 54, 10)
    assert found.path == str(kernel.dev / "gpiochip10")


def test_a_chip_that_is_too_small_or_somebody_elses_is_not_taken(kernel: FakeKernel) -> None:
    kernel.add_chip(0, "pinctrl-small", 8)
    kernel.add_chip(1, "brcmvirt-gpio", 58)
    with pytest.raises(GpioUnavailable, match=r"pinctrl-small, 8 lines.*brcmvirt.*mock or none"):
        chip.find_chip(kernel.dev)


def test_without_any_chip_it_is_said_what_was_expected(kernel: FakeKernel) -> None:
    with pytest.raises(GpioUnavailable, match=r"found none in .*expected one labelled pinctrl-"):
        chip.find_chip(kernel.dev)


def test_a_missing_permission_is_told_with_the_group(kernel: FakeKernel) -> None:
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    kernel.refuse = PermissionError(errno.EACCES, "Permission denied")
    with pytest.raises(GpioUnavailable, match=r"gpiochip0; expected a user .*usermod -aG gpio"):
        chip.find_chip(kernel.dev)


def test_a_file_that_is_no_chip_is_passed_over(kernel: FakeKernel) -> None:
    (kernel.dev / "gpiochip0").touch()
    kernel.add_chip(1, "pinctrl-bcm2711", 58)
    assert chip.find_chip(kernel.dev).number == 1


def test_a_line_tells_who_holds_it_and_how(kernel: FakeKernel) -> None:
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    kernel.hold(6, "heating", chip.FLAG_OUTPUT | chip.FLAG_ACTIVE_LOW)
    kernel.hold(7, "", chip.FLAG_INPUT | chip.FLAG_PULL_UP)
    free, heating, driver = chip.read_lines(kernel.path, [5, 6, 7])
    assert free == chip.LineInfo(5, "GPIO5", "", False, False, False, "")
    assert heating == chip.LineInfo(6, "GPIO6", "heating", True, True, True, "")
    assert driver == chip.LineInfo(7, "GPIO7", "", True, False, False, "up")


def test_all_lines_of_the_header_are_read_unless_told_otherwise(kernel: FakeKernel) -> None:
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    kernel.hold(27, "x", chip.FLAG_PULL_DOWN)
    lines = chip.read_lines(kernel.path)
    assert [one.line for one in lines] == list(range(28))
    assert lines[27].pull == "down"


def test_a_line_that_the_chip_does_not_have_is_an_error(kernel: FakeKernel) -> None:
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    with pytest.raises(HardwareError, match="Invalid argument"):
        chip.read_lines(kernel.path, [58])


@pytest.mark.parametrize("level", [0, 1])
def test_a_level_is_read_as_is_and_the_line_given_up(kernel: FakeKernel, level: int) -> None:
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    kernel.levels[17] = level
    assert chip.read_level_as_is(kernel.path, 17) == level
    # Neither direction nor level nor pull was asked for.
    assert kernel.requests == [(17, 0, 0, 0)]
    assert kernel.open_lines() == []


def test_a_line_that_somebody_holds_is_named_with_its_holder(kernel: FakeKernel) -> None:
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    kernel.hold(6, "heating", chip.FLAG_OUTPUT)
    with pytest.raises(LineUnavailable, match="GPIO6 is in use by 'heating'"):
        chip.read_level_as_is(kernel.path, 6)
    kernel.hold(7, "", 0)
    with pytest.raises(LineUnavailable, match="GPIO7 is in use by 'a kernel driver'"):
        chip.read_level_as_is(kernel.path, 7)


def test_a_level_that_cannot_be_read_gives_the_line_up_too(kernel: FakeKernel) -> None:
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    kernel.levels[17] = None
    with pytest.raises(HardwareError, match="GPIO17 cannot be read"):
        chip.read_level_as_is(kernel.path, 17)
    assert kernel.open_lines() == []


def test_a_claim_asks_for_debounce_and_buffer_and_does_not_block(kernel: FakeKernel) -> None:
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    held = chip.claim_line(kernel.path, 27, chip.FLAG_INPUT, debounce_ms=20, buffer=64)
    assert kernel.requests == [(27, chip.FLAG_INPUT, 20_000, 64)]
    assert not os.get_blocking(held)
    os.close(held)


def test_what_a_line_cannot_do_is_an_error_of_the_chip(kernel: FakeKernel) -> None:
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    with pytest.raises(HardwareError, match="Invalid argument"):
        chip.claim_line(kernel.path, 58, 0)


def test_a_chip_that_is_not_there_is_an_error_with_its_path() -> None:
    with pytest.raises(HardwareError, match="/dev/no-such-chip: No such file"):
        chip.read_chip("/dev/no-such-chip")
