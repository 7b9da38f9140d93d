"""Measures how soon a browser that knows nothing yet shows the dashboard of the demo.

    python -m bench.first_view [--rounds 5]

Each round starts Chromium anew with an empty profile. Times are counted from the request for the
page; everything else on the machine counts too.
"""

import argparse
import asyncio
import statistics
import sys
from typing import NamedTuple

from playwright.async_api import Page

from tests.helpers.browser import People, chromium, connected
from tests.helpers.demo import Demo, running_demo

GOAL_MS = 1000
GOAL_KIB = 200

_SHOWN = """() => {
  const all = (root, name) => [
    ...root.querySelectorAll(name),
    ...[...root.querySelectorAll('*')].flatMap(
      (one) => one.shadowRoot ? all(one.shadowRoot, name) : []),
  ];
  const [gauge] = all(document, 'bg-gauge');
  const [chart] = all(document, 'bg-chart');
  return {
    value: /\\d/.test(gauge?.shadowRoot?.textContent ?? ''),
    chart: Boolean(chart?.shadowRoot?.querySelector('canvas')),
    now: performance.now(),
  };
}"""
_LOADED = """() => performance.getEntriesByType('resource').map((one) => one.encodedBodySize)"""
_PAINTED = """() => performance.getEntriesByName('first-contentful-paint')[0].startTime"""


class View(NamedTuple):
    """One first view: ms until something is drawn, a live value, a chart; files and their size."""

    painted_ms: float
    value_ms: float
    chart_ms: float
    files: int
    kib: float


async def first_view(demo: Demo) -> View:
    """Start a browser and have it show the dashboard."""
    with chromium() as address:
        async with connected(address) as browser:
            people = People(browser, demo)
            page = await people.user()
            await page.goto("/", wait_until="commit")
            value_ms = await _until(page, "value")
            chart_ms = await _until(page, "chart")
            sizes = await page.evaluate(_LOADED)
            painted_ms = await page.evaluate(_PAINTED)
            await people.close()
    return View(painted_ms, value_ms, chart_ms, len(sizes), sum(sizes) / 1024)


async def _until(page: Page, what: str) -> float:
    while not (seen := await page.evaluate(_SHOWN))[what]:  # noqa: ASYNC110  nothing signals it
        await asyncio.sleep(0.02)
    return float(seen["now"])


async def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    async with running_demo() as demo:
        views = [await first_view(demo) for _ in range(arguments.rounds)]
    print("| first view | median | worst |\n|---|---|---|")
    rows = (("something drawn", 0), ("a live value drawn", 1), ("the chart drawn", 2))
    for name, column in rows:
        times = [view[column] for view in views]
        print(f"| {name} | {statistics.median(times):.0f} ms | {max(times):.0f} ms |")
    last = views[-1]
    print(f"\n{last.files} files, {last.kib:.0f} KiB packed; goals: {GOAL_MS} ms, {GOAL_KIB} KiB.")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
