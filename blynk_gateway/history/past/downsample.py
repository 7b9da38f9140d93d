"""Thins a line by largest triangles: what is left looks like the whole. It invents no point.

Source: Sveinn Steinarsson, "Downsampling Time Series for Visual Representation", 2013, chapter 4.2.
"""

from collections.abc import Sequence

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
    before = 0
    # One flat loop: a chart has a thousand buckets of a few points each.
    for start, end, after in zip(edges, edges[1:], edges[2:], strict=False):
        if end - start == 1:
            before = start
        else:
            size = after - end
            x, y = times[before], values[before]
            width = sum(times[end:after]) / size - x
            height = sum(values[end:after]) / size - y
            before, largest = start, -1.0
            for at in range(start, end):
                area = abs(width * (values[at] - y) - (times[at] - x) * height)
                if area > largest:
                    before, largest = at, area
        chosen.append(before)
    return chosen
