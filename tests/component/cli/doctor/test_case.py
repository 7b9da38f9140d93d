from tests.component.cli.doctor.conftest import Machine


def test_paths_of_the_machine_are_below_its_root(machine: Machine) -> None:
    assert machine.case.at("/dev/i2c-1") == machine.root / "dev" / "i2c-1"
    assert machine.case.at("dev") == machine.root / "dev"
