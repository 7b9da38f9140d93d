"""Looks at an output until SIGTERM, then tells as JSON what it did.

The level is read a hundred times a second, which may miss a short gap. The kernel tells, with its
own times, whenever somebody takes the line or gives it up: GPIO_V2_GET_LINEINFO_WATCH_IOCTL.
"""

import fcntl
import json
import os
import select
import signal
import struct
import sys
from pathlib import Path

CHIP = "/dev/gpiochip0"
LOOK_MS = 10

# struct gpio_v2_line_info of linux/gpio.h: name, consumer, offset, num_attrs, flags, the rest.
_INFO = struct.Struct("=32s32sIIQ176x")
# struct gpio_v2_line_info_changed: the above, timestamp_ns, event_type, padding.
_CHANGED = struct.Struct(f"={_INFO.size}sQI20x")
_WATCH = 0xC000_B406 | _INFO.size << 16
_REQUESTED, _RELEASED = 1, 2


def main(line: int) -> None:
    chip = os.open(CHIP, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    asked = bytearray(_INFO.pack(b"", b"", line, 0, 0))
    fcntl.ioctl(chip, _WATCH, asked)
    value = os.open(f"/run/pi-sim/gpio/sim_gpio{line}/value", os.O_RDONLY)
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    poller = select.poll()
    poller.register(chip, select.POLLIN)
    levels = [_level(value)]
    free_ms: list[float] = []
    released_ns = 0
    print("looking", flush=True)
    while not ended:
        for _ in poller.poll(LOOK_MS):
            _, at_ns, kind = _CHANGED.unpack(os.read(chip, _CHANGED.size))
            if kind == _RELEASED:
                released_ns = at_ns
            elif kind == _REQUESTED and released_ns:
                free_ms.append((at_ns - released_ns) / 1e6)
                released_ns = 0
        if (found := _level(value)) != levels[-1]:
            levels.append(found)
    print(json.dumps({"levels": levels, "free_ms": free_ms}))


def _level(file: int) -> int:
    return int(os.pread(file, 4, 0))


if __name__ == "__main__":
    assert Path(CHIP).exists(), f"{CHIP} is missing: a simulated board is needed"
    main(int(sys.argv[1]))
