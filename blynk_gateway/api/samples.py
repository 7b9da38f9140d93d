"""Prometheus' text format."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Sample(NamedTuple):
    """One value; `labels` as they stand in braces, from `label`."""

    value: float
    labels: str = ""


def series(name: str, kind: str, text: str, samples: Sequence[Sample]) -> Iterator[str]:
    """The lines of one metric; none without a sample.

    Args:
        name: without the prefix that all have.
        kind: `gauge` or `counter`.
    """
    if samples:
        yield f"# HELP blynk_gateway_{name} {text}"
        yield f"# TYPE blynk_gateway_{name} {kind}"
    for value, labels in samples:
        yield (
            f"blynk_gateway_{name}{{{labels}}} {value}"
            if labels
            else (f"blynk_gateway_{name} {value}")
        )


def labels(**texts: str) -> str:
    """Labels of a sample: `device="shed",upstream="cloud"`."""
    return ",".join(f'{name}="{_escaped(text)}"' for name, text in texts.items())


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
