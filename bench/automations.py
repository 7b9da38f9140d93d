"""Measures rules: what it costs that they look at changes, and how soon they act.

    python -m bench.automations [--seconds 5]

Store, bus, engine and runner are in one process with what writes the changes. The CPU time that
the same changes take without any rule is taken off, so that what is told is the rules' alone.
"""

import argparse
import asyncio
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from blynk_gateway import __version__
from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.outbox import Done
from blynk_gateway.automations.placeholders import Placeholders
from blynk_gateway.automations.rules.engine import Engine
from blynk_gateway.automations.runs.runner import Runner
from blynk_gateway.automations.schedule.agenda import Agenda
from blynk_gateway.automations.schedule.sky import Sky
from blynk_gateway.automations.timers import Timers
from blynk_gateway.config.automations.options import (
    AutomationOptions,
    Comparison,
    NotifyAction,
    Op,
    PinTrigger,
    SetAction,
)
from blynk_gateway.config.options import Options
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Change, Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.messages import Messages, TopicMessage
from blynk_gateway.daemon import tune_interpreter
from blynk_gateway.runtime.clock_quality import ClockQuality
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.tasks import cancel, spawn
from blynk_gateway.runtime.timezone import Zone

DEVICES = 10
PINS = 100
RULES = DEVICES * PINS
CHANGES = 10_000
"""A second."""

CPU_GOAL = 30
LATENCY_GOAL_MS = 2
ALONE = 1000
"""Changes a second beside which a single rule is looked at."""

SAMPLES_PER_SECOND = 25
"""Half of what a rule may command a pin before it is taken for a loop."""

_TICK_S = 0.001
_DEVICE = Origin(OriginKind.DEVICE, "1")
_FIRST_TARGET = 100


class NoMessages:
    """Meets `Messages`, and hears nothing."""

    def publish(self, topic: str, payload: str, *, qos: int, retain: bool) -> None:
        """Not used."""
        raise NotImplementedError(topic, payload, qos, retain)

    def listen(self, filters: Sequence[str], heard: Callable[[str, TopicMessage], None]) -> None:
        """There is no broker."""


class NoEffects:
    """Meets `Effects`; the rules measured do nothing but set pins."""

    messages: Messages = NoMessages()

    def run_scene(self, slug: str, cause: Cause) -> str:
        """Not used."""
        raise NotImplementedError(slug, cause)

    def set_enabled(self, slug: str, is_enabled: bool) -> None:
        """Not used."""
        raise NotImplementedError(slug, is_enabled)

    def loop_detected(self, slug: str, reason: str) -> None:
        """It would spoil the figures."""
        raise AssertionError(f"{slug} was stopped: {reason}")

    def webhook(self, name: str, cause: Cause, rule: str, done: Done) -> None:
        """Not used."""
        raise NotImplementedError(name, cause, rule, done)

    def notify(self, action: NotifyAction, rule: str, title: str, text: str, done: Done) -> None:
        """Not used."""
        raise NotImplementedError(action, rule, title, text, done)

    def note_depth(self, seq: int, depth: int) -> None:
        """Not used."""
        raise NotImplementedError(seq, depth)


class World:
    """Devices whose pins are written in turn, and an engine."""

    def __init__(self, rules: Sequence[AutomationOptions]) -> None:
        clock = SystemClock()
        zone, quality = Zone.of("UTC"), ClockQuality(clock)
        self.parts = Parts.new(clock, zone, quality)
        for number in range(DEVICES):
            definition = DeviceDefinition(f"d{number}", f"D{number}", f"{number:032}")
            self.parts.registry.add(definition, Origin(OriginKind.GATEWAY))
        timers = Timers(clock)
        sky = Sky(None, zone)
        options = Options()
        placeholders = Placeholders(self.parts, lambda: options.gateway)
        runner = Runner(self.parts, timers, NoEffects(), placeholders)
        agenda = Agenda(clock, quality, zone, timers, sky)
        self.engine = Engine(self.parts, timers, runner, agenda, NoMessages(), sky)
        self.engine.define(rules, ())
        self.written = 0

    def write(self, count: int) -> None:
        """Write so many pins, each in its turn, with the numbers from 0 on."""
        for number in range(self.written, self.written + count):
            value, stream = divmod(number, RULES)
            device, pin = divmod(stream, PINS)
            self.parts.store.write(f"d{device}", f"V{pin}", (str(value),), _DEVICE, Intent.REPORT)
        self.written += count

    @property
    def runs(self) -> int:
        """How many rules ran."""
        return sum(rule.runs for rule in self.engine.rules.values())


class Result(NamedTuple):
    """What a load cost.

    Attributes:
        cpu: share of a core.
    """

    cpu: float
    runs: int
    seconds: float


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.automations", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="length of each run (5)")
    seconds = parser.parse_args().seconds
    tune_interpreter()
    print(
        f"Blynk Gateway {__version__}, Python {platform.python_version()}, {platform.machine()},"
        f" {os.cpu_count()} CPUs; {CHANGES:,} changes a second of {RULES:,} pins.\n"
    )
    print("| rules | runs a second | CPU of a core | goal |\n| --- | ---: | ---: | ---: |")
    nobody = asyncio.run(loaded((), seconds))
    cases: Sequence[tuple[str, Sequence[AutomationOptions], str]] = (
        ("1,000 that look and do not run", watching(), f"< {CPU_GOAL} %"),
        ("1,000 of which one in ten changes runs one", firing(10), f"< {CPU_GOAL} %"),
        ("1,000 that run at each change and set a pin", firing(), ""),
    )
    for name, rules, goal in cases:
        found = asyncio.run(loaded(rules, seconds))
        cpu = 100 * (found.cpu - nobody.cpu)
        pace = found.runs / found.seconds
        print(f"| {name} | {pace:,.0f} | {cpu:.1f} % | {goal} |", flush=True)
    print(f"\nThe same changes without rules: {100 * nobody.cpu:.1f} % of a core.\n")
    print(
        "| from a change to the command of its rule | p50 | p99 | max | goal |\n"
        "| --- | ---: | ---: | ---: | ---: |"
    )
    beside: Sequence[tuple[str, Sequence[AutomationOptions], int]] = (
        (f"beside {ALONE:,} changes a second", (), ALONE),
        (f"beside {CHANGES:,} changes a second", watching(), CHANGES),
        (f"beside {CHANGES:,} changes and {CHANGES // 10:,} runs a second", firing(10), CHANGES),
        (f"beside {CHANGES:,} changes and runs a second", firing(), CHANGES),
    )
    for name, others, changes in beside:
        times_ms = sorted(asyncio.run(latencies(others, seconds, changes)))
        p50, p99 = (
            statistics.median(times_ms),
            statistics.quantiles(times_ms, n=100, method="inclusive")[98],
        )
        print(
            f"| {name} | {p50:.2f} ms | {p99:.2f} ms | {times_ms[-1]:.2f} ms"
            f" | p99 < {LATENCY_GOAL_MS} ms |",
            flush=True,
        )


def watching() -> list[AutomationOptions]:
    """A rule for each pin, which never passes."""
    return [rule(number, Comparison(Op.ABOVE, low=1e9)) for number in range(RULES)]


def firing(every: int = 1) -> list[AutomationOptions]:
    """A rule for each pin that runs at each change, or of which so many look and one runs."""
    never = Comparison(Op.ABOVE, low=1e9)
    return [
        rule(number, never if number % every else Comparison(Op.CHANGES)) for number in range(RULES)
    ]


def rule(number: int, test: Comparison) -> AutomationOptions:
    """The rule of one pin; it sets another pin of the same device."""
    device, pin = divmod(number, PINS)
    trigger = PinTrigger(PinAddress(f"d{device}", f"V{pin}"), test)
    target = PinAddress(f"d{device}", f"V{_FIRST_TARGET + pin}")
    slug = f"rule-{number}"
    return AutomationOptions(slug, slug, (SetAction({target: ("1",)}),), (trigger,))


async def loaded(rules: Sequence[AutomationOptions], seconds: float) -> Result:
    """CPU time of the load with these rules."""
    world = World(rules)
    running = spawn(world.engine.run(), name="engine")
    await paced(CHANGES, 1, world.write)
    before, began_s, runs = time.process_time(), time.perf_counter(), world.runs
    await paced(CHANGES, seconds, world.write)
    took_s = time.perf_counter() - began_s
    found = Result((time.process_time() - before) / took_s, world.runs - runs, took_s)
    await cancel(running)
    return found


async def latencies(
    rules: Sequence[AutomationOptions], seconds: float, changes_per_second: int
) -> list[float]:
    """From the write of a pin until a rule's command is in the mailbox of a device, ms."""
    source, target = PinAddress("d0", "V250"), PinAddress("d0", "V251")
    single = AutomationOptions(
        "single", "Single", (SetAction({target: ("1",)}),),
        (PinTrigger(source, Comparison(Op.ANY)),),
    )  # fmt: skip
    world = World([*rules, single])
    began_s = 0.0
    times_ms: list[float] = []

    def seen() -> None:
        changes: list[Change] = box.drain()
        if any(isinstance(one, PinChange) and one.pin == target.pin for one in changes):
            times_ms.append((time.perf_counter() - began_s) * 1e3)

    box = Mailbox(1000, Overflow.CONFLATE, wake=seen)
    world.parts.bus.subscribe_commands(box, device="d0", origin=Origin(OriginKind.DEVICE, "0"))
    every = changes_per_second // SAMPLES_PER_SECOND

    def write(count: int) -> None:
        nonlocal began_s
        before = world.written
        world.write(count)
        if before // every != world.written // every:
            began_s = time.perf_counter()
            world.parts.store.write(*source, ("1",), _DEVICE, Intent.REPORT)

    running = spawn(world.engine.run(), name="engine")
    await paced(changes_per_second, seconds, write)
    await cancel(running)
    return times_ms


async def paced(rate: int, seconds: float, act: Callable[[int], None]) -> None:
    """Do something so often a second, some at each tick."""
    began_s, done, total = time.perf_counter(), 0, round(rate * seconds)
    while done < total:
        due = min(total, round((time.perf_counter() - began_s) * rate) + 1)
        if due > done:
            act(due - done)
            done = due
        await asyncio.sleep(_TICK_S)


if __name__ == "__main__":
    main()
