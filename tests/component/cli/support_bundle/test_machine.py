import json
import os

from blynk_gateway import __version__
from blynk_gateway.cli.support_bundle.machine import about, hardware, resources
from tests.component.cli.doctor.conftest import Machine


def test_about_names_system_board_and_libraries(machine: Machine) -> None:
    machine.file("etc/os-release", 'NAME=x\nPRETTY_NAME="Debian 12"\n')
    machine.file("proc/device-tree/model", "Raspberry Pi 4\0")
    told = json.loads(about(machine.case))
    assert told["version"] == __version__
    assert told["system"] == "Debian 12"
    assert told["board"] == "Raspberry Pi 4"
    assert told["libraries"]["aiohttp"] is not None
    assert told["configuration"] == "None"


def test_bare_machine_is_no_fault(machine: Machine) -> None:
    told = json.loads(about(machine.case))
    assert told["system"] == told["board"] == ""
    assert json.loads(hardware(machine.case))["gpio_chips"] == []
    assert json.loads(resources(machine.case))["process"] is None


def test_memory_disk_and_the_process_are_measured(machine: Machine) -> None:
    machine.file("proc/meminfo", "MemTotal:  1000 kB\nSlab: 7 kB\n")
    machine.file(
        "proc/mounts", f"a / ext4 rw 0 0\nb {machine.data_dir} vfat ro 0 0\nc /x y z 0 0\n"
    )
    machine.file("proc/77/status", "Name:\tx\nVmRSS:\t 5 kB\nThreads:\t3\n")
    machine.file("proc/77/limits", "Max open files  10\n")
    fd = machine.root / "proc/77/fd"
    fd.mkdir()
    for number, target in enumerate(("socket:[1]", "socket:[2]", "/etc/x", "anon_inode:[e]")):
        (fd / str(number)).symlink_to(target)
    machine.change(daemon=77)
    told = json.loads(resources(machine.case))
    assert told["memory"] == {"MemTotal": "1000 kB"}
    assert told["disk"]["free_bytes"] > 0
    assert told["disk"]["mount"] == f"b {machine.data_dir} vfat ro"
    assert told["process"]["VmRSS"] == "5 kB"
    assert told["process"]["descriptors"] == {"anon_inode": 1, "file": 1, "socket": 2}
    assert told["process"]["limits"] == ["Max open files  10"]


def test_process_that_may_not_be_looked_at_says_so(machine: Machine) -> None:
    machine.change(daemon=77)
    told = json.loads(resources(machine.case))
    assert told["process"]["descriptors"] == os.strerror(2)


def test_hardware_is_nodes_buses_and_their_settings(machine: Machine) -> None:
    machine.file("dev/gpiochip0", mode=0o660)
    machine.file("sys/bus/i2c/devices/1-0048/name", "ads1115\n")
    machine.file(
        "boot/firmware/config.txt", "# a comment\ndtparam=spi=on\nhdmi_group=1\n[pi4]\ngpio=17=op\n"
    )
    told = json.loads(hardware(machine.case))
    assert told["nodes"]["gpiochip0"].startswith("-rw-rw---- ")
    assert told["i2c"] == {"1-0048": "ads1115"}
    assert told["config_txt"] == ["dtparam=spi=on", "[pi4]", "gpio=17=op"]
