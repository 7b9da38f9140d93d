import asyncio
from pathlib import Path

import pytest

from blynk_gateway.api.configuration import Configuration
from blynk_gateway.config import load
from blynk_gateway.core.links import Link
from blynk_gateway.errors import ConfigError
from tests.helpers.http import ADMIN, VIEWER, Site

GOOD = """\
devices:
  greenhouse: {name: Greenhouse, token: 4ae3851817194e2596cf1b7103603ef8}
links:
  - {from: greenhouse/V1, to: pi/V1}
  - {from: pi/V1, to: pi/V2}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.yaml"
    file.write_text(GOOD)
    return file


@pytest.fixture
def reloads() -> list[int]:
    return []


@pytest.fixture
def configured(site: Site, file: Path, reloads: list[int]) -> Site:
    options = load(file)

    async def reload() -> None:
        await asyncio.to_thread(load, file)
        reloads.append(1)

    def is_stopped(link: Link) -> bool:
        return str(link) == "pi/V1 -> pi/V2"

    site.services.configuration = Configuration(
        file=file, options=lambda: options, reload=reload, is_stopped=is_stopped
    )
    return site


def spoil(file: Path) -> None:
    file.write_text("servr: {}\nlogging: {level: loud}\n")


async def test_an_admin_sees_every_option_with_its_origin_but_no_secret(
    configured: Site, file: Path
) -> None:
    answer = await configured.request("GET", "/api/v1/settings", bearer=ADMIN)
    assert answer.json["file"] == str(file)
    assert answer.json["warnings"] == list(load(file).warnings)
    options = {one["key"]: one for one in answer.json["options"]}
    assert options["devices.greenhouse.name"] == {
        "key": "devices.greenhouse.name",
        "value": '"Greenhouse"',
        "origin": f"{file}:2",
    }
    assert options["devices.greenhouse.token"]["value"] == '"***"'
    assert options["logging.level"]["origin"] == "default"
    assert b"4ae3851817194e2596cf1b7103603ef8" not in answer.body


async def test_a_check_reads_the_file_as_it_is_now_and_applies_nothing(
    configured: Site, file: Path, reloads: list[int]
) -> None:
    answer = await configured.request("POST", "/api/v1/settings/check", bearer=ADMIN)
    assert answer.json == {"faults": [], "warnings": list(load(file).warnings)}
    spoil(file)
    answer = await configured.request("POST", "/api/v1/settings/check", bearer=ADMIN)
    first, second = answer.json["faults"]
    assert first.startswith(f"{file}:1: servr: ")
    assert second.startswith(f"{file}:2: logging.level: ")
    assert answer.json["warnings"] == []
    assert reloads == []


async def test_a_reload_answers_when_the_file_is_in_force(
    configured: Site, reloads: list[int]
) -> None:
    answer = await configured.request("POST", "/api/v1/settings/reload", bearer=ADMIN)
    assert (answer.status, answer.body) == (204, b"")
    assert reloads == [1]


async def test_a_faulty_file_is_refused_with_every_fault(
    configured: Site, file: Path, reloads: list[int]
) -> None:
    spoil(file)
    with pytest.raises(ConfigError) as caught:
        load(file)
    answer = await configured.request("POST", "/api/v1/settings/reload", bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (409, "config.invalid")
    assert answer.json["error"]["message"] == "\n".join(map(str, caught.value.faults))
    assert reloads == []


async def test_without_a_file_that_is_said(site: Site) -> None:
    answer = await site.request("GET", "/api/v1/settings", bearer=ADMIN)
    assert answer.json["file"] is None
    assert {one["origin"] for one in answer.json["options"]} == {"default"}
    for what in ("check", "reload"):
        answer = await site.request("POST", f"/api/v1/settings/{what}", bearer=ADMIN)
        assert answer.status == 409
        assert "no configuration file is in use" in answer.json["error"]["message"]


async def test_a_gateway_that_cannot_reload_says_so(site: Site, file: Path) -> None:
    site.services.configuration = Configuration(file=file)
    answer = await site.request("POST", "/api/v1/settings/reload", bearer=ADMIN)
    assert answer.status == 409
    assert "cannot load its configuration anew" in answer.json["error"]["message"]


async def test_a_viewer_sees_the_links_and_which_of_them_rest(configured: Site) -> None:
    answer = await configured.request("GET", "/api/v1/links", bearer=VIEWER)
    assert answer.json == {
        "links": [
            {"from": "greenhouse/V1", "to": "pi/V1", "stopped": False},
            {"from": "pi/V1", "to": "pi/V2", "stopped": True},
        ]
    }
