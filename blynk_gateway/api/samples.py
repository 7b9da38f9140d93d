"""Prometheus' text format."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Sample(NamedTuple):
    """One value; `labels` as they stand in braces, from `label`."""

    value: float
    labels: str = ""


def series(
    name: str, kind: str, text: str, samples: Sequence[Sample], prefix: str = "blynk_gateway_"
) -> Iterator[str]:
    """The lines of one metric; none without a sample.

    Args:
        name: without the prefix.
        kind: `gauge` or `counter`.
        prefix: of all that are ours; others are named as all programs name them.
    """
    if samples:
        yield f"# HELP {prefix}{name} {text}"
        yield f"# TYPE {prefix}{name} {kind}"
    for value, labels in samples:
        yield f"{prefix}{name}{{{labels}}} {value}" if labels else f"{prefix}{name} {value}"


def labels(**texts: str) -> str:
    """Labels of a sample: `device="shed",upstream="cloud"`."""
    return ",".join(f'{name}="{_escaped(text)}"' for name, text in texts.items())


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
