"""Thins a line by largest triangles: what is left looks like the whole. It invents no point.

Source: Sveinn Steinarsson, "Downsampling Time Series for Visual Representation", 2013, chapter 4.2.
"""

from collections.abc import Sequence
from itertools import pairwise

ENDS = 2


def thin(times: Sequence[float], values: Sequence[float], width: int) -> list[int]:
    """Indices, in order, of at most `width` points; first, last and both extremes are among them.

    Where `width` does not leave room for all four, the earlier named go first.

    Args:
        times: ascending.
        values: as many.
        width: at least 1.
    """
    count = len(times)
    if count <= width:
        return list(range(count))
    wanted = dict.fromkeys(
        (0, count - 1, values.index(min(values)), values.index(max(values))),
    )
    kept = list(wanted)[:width]
    # Each extreme takes the place of a bucket.
    buckets = width - len(kept)
    chosen = set(kept)
    if buckets:
        chosen.update(_triangles(times, values, buckets))
    return sorted(chosen)


def _triangles(times: Sequence[float], values: Sequence[float], buckets: int) -> list[int]:
    """One point of each bucket between the ends.

    It makes the largest triangle with the one chosen before and the mean of the bucket after.
    """
    inner = len(times) - ENDS
    edges = [1 + inner * bucket // buckets for bucket in range(buckets + 1)] + [len(times)]
    chosen = []
    at = 0
    for (start, end), (_, after) in zip(pairwise(edges[:-1]), pairwise(edges[1:]), strict=True):
        size = after - end
        mean_time = sum(times[end:after]) / size
        mean_value = sum(values[end:after]) / size
        at = _largest(
            times, values, range(start, end), (times[at], values[at]), (mean_time, mean_value)
        )
        chosen.append(at)
    return chosen


def _largest(
    times: Sequence[float],
    values: Sequence[float],
    bucket: range,
    before: tuple[float, float],
    after: tuple[float, float],
) -> int:
    (x0, y0), (x1, y1) = before, after
    width, height = x1 - x0, y1 - y0
    best, largest = bucket.start, -1.0
    for index in bucket:
        area = abs(width * (values[index] - y0) - (times[index] - x0) * height)
        if area > largest:
            best, largest = index, area
    return best
