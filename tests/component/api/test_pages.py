"""The reference pages against the program."""

import re
from pathlib import Path

from blynk_gateway.api.faults import STATUS_BY_CODE
from tests.component.api import test_cloud as cloud
from tests.component.api import test_legacy as legacy
from tests.helpers.http import VIEWER, Site
from tests.helpers.upstreams import ABOVE, MemoryUpstreams

PAGES = Path(__file__).parents[3] / "docs/reference"
API = (PAGES / "api.md").read_text(encoding="utf-8")
DEVICES = (PAGES / "http-devices.md").read_text(encoding="utf-8")
LEGACY, _, CLOUD = DEVICES.partition("## Blynk IoT")

VARIABLE = ("Error parsing body param. ", "Requested dataStream doesn't exist in the product ")

ROUTE = re.compile(r"^\| `(GET|POST|PUT|DELETE) (/\S+)` \| (\w+) \|", re.MULTILINE)
CODE = re.compile(r"^\| `([a-z_.]+)` \| (\d+) \|$", re.MULTILINE)


async def test_api_page_names_exactly_the_routes_and_their_roles(site: Site) -> None:
    paths = (await site.request("GET", "/api/v1/openapi.json")).json["paths"]
    described = {
        (
            method.upper(),
            path,
            operation["description"].removeprefix("Needs the role ").rstrip(".")
            if "description" in operation
            else "anybody",
        )
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert set(ROUTE.findall(API)) == described


def test_api_page_names_exactly_the_error_codes() -> None:
    listed = {code: int(status) for code, status in CODE.findall(API)}
    assert listed == STATUS_BY_CODE


async def test_api_page_names_every_metric(site: Site) -> None:
    site.services.upstreams = MemoryUpstreams([ABOVE])
    text = (await site.request("GET", "/metrics", bearer=VIEWER)).text
    names = re.findall(r"# TYPE blynk_gateway_(\w+)", text)
    assert names
    assert [name for name in names if f"`{name}`" not in API] == []


def test_device_page_names_every_endpoint() -> None:
    for method, name in legacy.endpoints():
        assert re.search(rf"\| {method} \| `/{{token}}/{name}[/?`]", LEGACY), name
    for method, name in cloud.endpoints():
        assert re.search(rf"\| {method} \| `?.*\b{name}[?` ,]", CLOUD), name


def is_named(text: str, page: str) -> bool:
    """Whether the page has the text, or its fixed part where the rest depends on the request."""
    fixed = next((start for start in VARIABLE if text.startswith(start)), None)
    return (f"`{text}`" if fixed is None else f"`{fixed}") in page


def test_device_page_names_every_refusal() -> None:
    for *_, text in legacy.REFUSALS:
        assert not text or is_named(text, LEGACY), text
    for *_, text in cloud.REFUSALS:
        # Without the final full stop where the original leaves it out.
        assert is_named(text, CLOUD) or is_named(f"{text}.", CLOUD) or "51 characters" in text, text
