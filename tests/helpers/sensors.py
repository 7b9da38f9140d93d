"""A tree like `/sys` with sensors in it, laid out as the kernel does: class folders of links."""

from pathlib import Path


def put(root: Path, path: str, text: object = "") -> Path:
    """Write a file of the tree."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n")
    return file


def add_iio(root: Path, number: int, name: str, at: str, **files: object) -> Path:
    """An IIO device; `at` is its parent, such as `i2c-1/1-0076`. Returns its directory."""
    return _add(root, "sys/bus/iio/devices", f"iio:device{number}", name, at, files, at)


def add_hwmon(root: Path, number: int, name: str, at: str, **files: object) -> Path:
    """A hwmon chip; `at` is its parent. Returns its directory."""
    folder = _add(root, "sys/class/hwmon", f"hwmon{number}", name, f"{at}/hwmon", files, at)
    (folder / "device").symlink_to(root / "sys/devices" / at)
    return folder


def add_thermometer(root: Path, name: str, **files: object) -> Path:
    """A thermometer on the 1-Wire bus, and the bus. Returns its directory."""
    master = root / "sys/devices/w1_bus_master1"
    folder = master / name
    folder.mkdir(parents=True)
    for file, text in files.items():
        put(folder, file, text)
    _link(root / "sys/bus/w1/devices", folder)
    if not (root / "sys/bus/w1/devices/w1_bus_master1").exists():
        _link(root / "sys/bus/w1/devices", master)
    return folder


def add_i2c_device(root: Path, name: str, *, has_driver: bool = True) -> None:
    """A device that an overlay named."""
    folder = root / "sys/bus/i2c/devices" / name
    folder.mkdir(parents=True)
    if has_driver:
        (folder / "driver").mkdir()


def _add(
    root: Path, listing: str, entry: str, name: str, parent: str, files: dict[str, object], at: str
) -> Path:
    (root / "sys/devices" / at).mkdir(parents=True, exist_ok=True)
    folder = root / "sys/devices" / parent / entry
    folder.mkdir(parents=True)
    put(folder, "name", name)
    for file, text in files.items():
        put(folder, file, text)
    _link(root / listing, folder)
    return folder


def _link(listing: Path, target: Path) -> None:
    listing.mkdir(parents=True, exist_ok=True)
    (listing / target.name).symlink_to(target)
