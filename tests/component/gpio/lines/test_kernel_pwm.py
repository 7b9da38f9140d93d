"""Hardware PWM through a copy of what the kernel shows below /sys."""

import errno
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.errors import LineUnavailable
from blynk_gateway.gpio.lines import kernel_pwm
from blynk_gateway.gpio.lines.kernel_pwm import KernelPwm, explain_kernel_pwm, find_kernel_pwm

SERVO_NS = 20_000_000

PWM_HANDLE = 0x51


def cells(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


class Kernel:
    """The kernel's side: directories as on a Pi, and its answers to what is written there."""

    def __init__(self, tmp_path: Path, device: str = "fe20c000.pwm") -> None:
        self.root = tmp_path / "class" / "pwm"
        self.soc = tmp_path / "firmware" / "soc"
        self.writes: list[tuple[str, str]] = []
        self.refused = ""
        self.appears_after = 0
        self._pending: Path | None = None
        self.root.mkdir(parents=True)
        self.chip = self.add_chip("pwmchip0", device, "pwm@7e20c000")

    def add_chip(self, name: str, device: str, node: str) -> Path:
        platform = self.root.parent / device
        chip = platform / "pwm" / name
        chip.mkdir(parents=True)
        of_node = self.soc / node
        of_node.mkdir(parents=True)
        (platform / "of_node").symlink_to(of_node)
        (chip / "device").symlink_to(platform)
        (chip / "export").write_text("")
        (chip / "unexport").write_text("")
        (self.root / name).symlink_to(chip)
        return chip

    def connect(self, *lines: int, functions: tuple[int, ...]) -> None:
        """What dtoverlay=pwm does."""
        (self.soc / "pwm@7e20c000" / "pinctrl-0").write_bytes(cells(PWM_HANDLE))
        self.add_pins("pwm_pins", PWM_HANDLE, {"brcm,pins": cells(*lines)})
        (self.soc / "gpio@7e200000" / "pwm_pins" / "brcm,function").write_bytes(cells(*functions))

    def add_pins(self, name: str, handle: int, properties: dict[str, bytes]) -> None:
        pins = self.soc / "gpio@7e200000" / name
        pins.mkdir(parents=True)
        (pins / "phandle").write_bytes(cells(handle))
        for key, value in properties.items():
            (pins / key).write_bytes(value)

    def export(self, channel: int, **state: str) -> Path:
        path = self.chip / f"pwm{channel}"
        path.mkdir()
        files = {"period": "0", "duty_cycle": "0", "enable": "0", "polarity": "normal"} | state
        for key, value in files.items():
            (path / key).write_text(f"{value}\n")
        return path

    def put(self, path: Path, value: int | str) -> None:
        """Stands for `_put`: refuses what the kernel refuses, and does what it does."""
        if path.name == self.refused:
            raise OSError(errno.EINVAL, "Invalid argument", str(path))
        self.writes.append((path.name, str(value)))
        match path.name:
            case "export":
                if self.appears_after:
                    self._pending = path.parent / f"pwm{value}"
                else:
                    self.export(int(value))
            case "unexport":
                shutil.rmtree(path.parent / f"pwm{value}", ignore_errors=True)
            case _:
                self._set(path, str(value))

    def _set(self, path: Path, value: str) -> None:
        state = {key: (path.parent / key).read_text().strip() for key in ("period", "duty_cycle")}
        state[path.name] = value
        if int(state["duty_cycle"]) > int(state["period"]):
            raise OSError(errno.EINVAL, "Invalid argument", str(path))
        PUT(path, value)

    def sleep(self, seconds: float) -> None:
        """Stands for `time.sleep`: udev is at work meanwhile."""
        assert 0 < seconds <= 0.01
        self.appears_after -= 1
        if self.appears_after == 0 and self._pending is not None:
            self.export(int(self._pending.name[3:]))

    def state(self, channel: int) -> dict[str, str]:
        return {path.name: path.read_text().strip() for path in self.path(channel).iterdir()}

    def path(self, channel: int) -> Path:
        return self.chip / f"pwm{channel}"


PUT = kernel_pwm._put

MakeKernel = Callable[[str], Kernel]


@pytest.fixture
def make_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeKernel:
    def make(device: str) -> Kernel:
        kernel = Kernel(tmp_path, device)
        monkeypatch.setattr(kernel_pwm, "_put", kernel.put)
        monkeypatch.setattr("time.sleep", kernel.sleep)
        return kernel

    return make


@pytest.fixture
def kernel(make_kernel: MakeKernel) -> Kernel:
    """A Pi 4 with dtoverlay=pwm-2chan."""
    made = make_kernel("fe20c000.pwm")
    made.connect(18, 19, functions=(2, 2))
    return made


def claim(kernel: Kernel, line: int = 18) -> KernelPwm:
    pwm = find_kernel_pwm(line, kernel.root)
    assert pwm is not None
    return pwm


@pytest.mark.parametrize("device", ["2020c000.pwm", "3f20c000.pwm", "fe20c000.pwm"])
@pytest.mark.parametrize(
    ("line", "function", "channel"), [(12, 4, 0), (13, 4, 1), (18, 2, 0), (19, 2, 1)]
)
def test_a_line_of_an_older_pi_has_one_of_two_channels(
    make_kernel: MakeKernel, device: str, line: int, function: int, channel: int
) -> None:
    kernel = make_kernel(device)
    kernel.connect(line, functions=(function,))
    claim(kernel, line).start(SERVO_NS, 1_500_000)
    assert kernel.state(channel)["enable"] == "1"
    assert not kernel.path(1 - channel).exists()


@pytest.mark.parametrize(
    ("line", "function", "channel"), [(12, 4, 0), (13, 4, 1), (18, 2, 2), (19, 2, 3)]
)
def test_each_line_of_a_pi_5_has_a_channel_of_its_own(
    make_kernel: MakeKernel, line: int, function: int, channel: int
) -> None:
    kernel = make_kernel("1f00098000.pwm")
    kernel.connect(line, functions=(function,))
    claim(kernel, line).start(SERVO_NS, 1_500_000)
    assert kernel.state(channel)["enable"] == "1"


def test_the_chip_is_found_by_its_device_and_not_by_its_number(kernel: Kernel) -> None:
    (kernel.root / "pwmchip0").rename(kernel.root / "pwmchip7")
    kernel.add_chip("pwmchip1", "fe20c800.pwm", "pwm@7e20c800")
    claim(kernel).start(SERVO_NS, 1_000_000)
    assert kernel.state(0)["enable"] == "1"


def test_a_claimed_channel_is_silent(kernel: Kernel) -> None:
    pwm = claim(kernel)
    assert kernel.state(0)["enable"] == "0"
    assert pwm.duty == 0


def test_pulses_begin_with_period_and_duty_set(kernel: Kernel) -> None:
    pwm = claim(kernel)
    kernel.writes.clear()
    pwm.start(SERVO_NS, 1_500_000)
    assert kernel.writes == [("period", "20000000"), ("duty_cycle", "1500000"), ("enable", "1")]
    assert pwm.duty == 0.075


def test_a_move_writes_the_duty_alone(kernel: Kernel) -> None:
    pwm = claim(kernel)
    pwm.start(SERVO_NS, 1_500_000)
    kernel.writes.clear()
    pwm.start(SERVO_NS, 2_000_000)
    assert kernel.writes == [("duty_cycle", "2000000")]


def test_no_pulse_is_ever_longer_than_its_period(kernel: Kernel) -> None:
    pwm = claim(kernel)
    # The kernel above refuses a write that makes it so, on the way down as on the way up.
    for period, duty in [(1000, 1000), (100, 100), (2000, 2000), (2000, 0), (50, 25)]:
        pwm.start(period, duty)
        assert (kernel.state(0)["period"], kernel.state(0)["duty_cycle"]) == (
            str(period),
            str(duty),
        )


@pytest.mark.parametrize(("period", "duty"), [(100, 101), (100, -1), (0, 0), (-5, -5)])
def test_impossible_pulses_are_refused_and_change_nothing(
    kernel: Kernel, period: int, duty: int
) -> None:
    pwm = claim(kernel)
    kernel.writes.clear()
    with pytest.raises(LineUnavailable, match="expected them no longer than their period"):
        pwm.start(period, duty)
    assert kernel.writes == []


def test_stop_ends_the_pulses_and_start_brings_them_back(kernel: Kernel) -> None:
    pwm = claim(kernel)
    pwm.start(SERVO_NS, 1_500_000)
    pwm.stop()
    assert kernel.state(0)["enable"] == "0"
    assert pwm.duty == 0
    pwm.start(SERVO_NS, 1_500_000)
    assert kernel.state(0)["enable"] == "1"


def test_close_stops_and_gives_the_channel_back_once(kernel: Kernel) -> None:
    pwm = claim(kernel)
    pwm.start(SERVO_NS, 1_500_000)
    kernel.writes.clear()
    pwm.close()
    pwm.close()
    assert kernel.writes == [("enable", "0"), ("unexport", "0")]
    assert claim(kernel).duty == 0


def test_a_refusal_of_the_kernel_says_what_was_refused(kernel: Kernel) -> None:
    pwm = claim(kernel)
    kernel.refused = "duty_cycle"
    with pytest.raises(
        LineUnavailable, match="refused duty_cycle 5 of PWM channel 0 of pwmchip0: Inval"
    ):
        pwm.start(10, 5)


def test_close_gives_the_channel_back_also_when_it_cannot_be_stopped(kernel: Kernel) -> None:
    pwm = claim(kernel)
    pwm.start(10, 5)
    kernel.refused = "enable"
    with pytest.raises(LineUnavailable):
        pwm.close()
    assert not kernel.path(0).exists()


def test_a_channel_that_cannot_be_given_back_is_closed_nevertheless(kernel: Kernel) -> None:
    pwm = claim(kernel)
    pwm.start(10, 5)
    kernel.refused = "unexport"
    pwm.close()
    assert kernel.state(0)["enable"] == "0"


def test_stop_of_a_silent_channel_writes_nothing(kernel: Kernel) -> None:
    pwm = claim(kernel)
    kernel.writes.clear()
    pwm.stop()
    assert kernel.writes == []


def test_a_duty_that_cannot_be_read_is_an_error(kernel: Kernel) -> None:
    pwm = claim(kernel)
    pwm.start(10, 5)
    shutil.rmtree(kernel.path(0))
    with pytest.raises(LineUnavailable, match="does not tell"):
        assert pwm.duty


def test_permissions_that_udev_gives_later_are_waited_for(kernel: Kernel) -> None:
    kernel.appears_after = 7
    claim(kernel)
    assert kernel.appears_after == 0


def test_a_channel_that_udev_never_gives_us_is_given_back(
    kernel: Kernel, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path).name == "export")
    assert find_kernel_pwm(18, kernel.root) is None
    assert not kernel.path(0).exists()
    assert "channel 0 of pwmchip0 is not for us: Permission denied" in reasons(caplog)


def test_a_read_only_sys_is_said_and_nothing_is_exported(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert find_kernel_pwm(18, kernel.root) is None
    assert kernel.writes == []
    reason = explain_kernel_pwm(18, kernel.root)
    assert reason is not None
    assert "export may not be written" in reason


def test_an_export_that_the_kernel_refuses_is_no_hardware_pwm(
    kernel: Kernel, caplog: pytest.LogCaptureFixture
) -> None:
    kernel.refused = "export"
    assert find_kernel_pwm(18, kernel.root) is None
    assert "exporting channel 0 of pwmchip0 failed: Invalid argument" in reasons(caplog)


def test_a_channel_that_another_program_exported_is_left_alone(
    kernel: Kernel, caplog: pytest.LogCaptureFixture
) -> None:
    kernel.export(0, period="1000", duty_cycle="500", enable="1")
    assert find_kernel_pwm(18, kernel.root) is None
    assert kernel.writes == []
    assert kernel.state(0)["duty_cycle"] == "500"
    assert "channel 0 of pwmchip0 is exported" in reasons(caplog)


def test_a_channel_that_a_dead_daemon_left_is_taken_over_as_it_runs(kernel: Kernel) -> None:
    kernel.export(0, period="1000", duty_cycle="500", enable="1")
    pwm = find_kernel_pwm(18, kernel.root, take_over=True)
    assert pwm is not None
    assert kernel.writes == []
    assert pwm.duty == 0.5
    pwm.start(100, 100)
    assert kernel.state(0) == {
        "period": "100",
        "duty_cycle": "100",
        "enable": "1",
        "polarity": "normal",
    }


def test_pulses_that_were_low_become_high(kernel: Kernel) -> None:
    kernel.export(0, enable="1", polarity="inversed")
    pwm = find_kernel_pwm(18, kernel.root, take_over=True)
    assert pwm is not None
    assert kernel.writes == [("enable", "0"), ("polarity", "normal")]
    pwm.start(100, 50)
    assert kernel.state(0)["enable"] == "1"


def test_a_line_is_not_used_before_an_overlay_connects_it(make_kernel: MakeKernel) -> None:
    kernel = make_kernel("fe20c000.pwm")
    assert find_kernel_pwm(18, kernel.root) is None
    assert kernel.writes == []
    reason = explain_kernel_pwm(18, kernel.root)
    assert reason is not None
    assert "expected dtoverlay=pwm,pin=18,func=2 in config.txt" in reason


def test_a_line_is_not_used_when_the_overlay_connects_another(kernel: Kernel) -> None:
    assert find_kernel_pwm(12, kernel.root) is None
    assert kernel.writes == []


def test_pins_of_another_node_do_not_count(make_kernel: MakeKernel) -> None:
    kernel = make_kernel("fe20c000.pwm")
    kernel.connect(40, 41, functions=(4, 4))
    kernel.add_pins("audio_pins", 0x99, {"brcm,pins": cells(18), "brcm,function": cells(2)})
    assert explain_kernel_pwm(18, kernel.root) is not None


def test_a_line_with_the_function_of_another_line_is_not_used(make_kernel: MakeKernel) -> None:
    kernel = make_kernel("fe20c000.pwm")
    # dtoverlay=pwm,pin=12 without func=4: a mistake that makes no signal and no message.
    kernel.connect(12, functions=(2,))
    assert find_kernel_pwm(12, kernel.root) is None
    reason = explain_kernel_pwm(12, kernel.root)
    assert reason is not None
    assert "GPIO12 has function 2 in the device tree; expected func=4" in reason


def test_a_line_without_a_function_is_not_used(make_kernel: MakeKernel) -> None:
    kernel = make_kernel("fe20c000.pwm")
    kernel.connect(18, functions=())
    reason = explain_kernel_pwm(18, kernel.root)
    assert reason is not None
    assert "has function unknown" in reason


def test_one_function_stands_for_all_lines(make_kernel: MakeKernel) -> None:
    kernel = make_kernel("fe20c000.pwm")
    kernel.connect(18, 19, functions=(2,))
    assert explain_kernel_pwm(19, kernel.root) is None


@pytest.mark.parametrize("function", [b"alt5\0", b"pwm0\0"])
def test_device_trees_that_say_it_in_words_are_understood(
    make_kernel: MakeKernel, function: bytes
) -> None:
    kernel = make_kernel("fe20c000.pwm")
    (kernel.soc / "pwm@7e20c000" / "pinctrl-0").write_bytes(cells(7, 8))
    kernel.add_pins("pwm0-1-gpio18", 8, {})
    inner = kernel.soc / "gpio@7e200000" / "pwm0-1-gpio18" / "pin-pwm"
    inner.mkdir()
    (inner / "pins").write_bytes(b"gpio18\0gpio19\0")
    (inner / "function").write_bytes(function)
    assert explain_kernel_pwm(18, kernel.root) is None
    assert explain_kernel_pwm(12, kernel.root) is not None


def test_explaining_changes_nothing(kernel: Kernel) -> None:
    assert explain_kernel_pwm(18, kernel.root) is None
    assert kernel.writes == []
    assert not kernel.path(0).exists()


def test_a_line_without_hardware_pwm_says_which_have_it(tmp_path: Path) -> None:
    reason = explain_kernel_pwm(17, tmp_path)
    assert reason == "GPIO17 has none; expected GPIO12, 13, 18 or 19"


def test_a_kernel_without_pwm_says_the_overlay(tmp_path: Path) -> None:
    assert find_kernel_pwm(13, tmp_path / "none") is None
    reason = explain_kernel_pwm(13, tmp_path / "none")
    assert reason is not None
    assert "dtoverlay=pwm,pin=13,func=4" in reason


def test_a_device_tree_that_cannot_be_read_is_no_hardware_pwm(kernel: Kernel) -> None:
    handle = kernel.soc / "pwm@7e20c000" / "pinctrl-0"
    handle.unlink()
    handle.mkdir()
    reason = explain_kernel_pwm(18, kernel.root)
    assert reason is not None
    assert "pinctrl-0 could not be read" in reason


def test_what_is_not_there_is_never_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PUT(tmp_path / "enable", 1)
    assert not (tmp_path / "enable").exists()


def reasons(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(str(getattr(record, "reason", "")) for record in caplog.records)
