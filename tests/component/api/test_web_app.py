"""The dashboard's files over HTTP."""

import gzip
import os
import re
from pathlib import Path

import pytest

from blynk_gateway.api.web_app import DIRECTORY, HEADERS, POLICY, WebApp
from tests.helpers.http import Site


async def test_the_first_page_names_files_that_exist_and_may_run_no_inline_script(
    site: Site,
) -> None:
    page = await site.request("GET", "/")
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert {name: page.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in POLICY
    assert "style=" not in page.text
    assert not re.findall(r"<script(?![^>]* src=)", page.text)
    names = re.findall(r'(?:href|src)="(/ui/[^"]+)"', page.text)
    assert len(names) > 5
    for name in names:
        answer = await site.request("GET", name)
        assert answer.status == 200, name
        assert "immutable" in answer.headers["Cache-Control"]


async def test_the_first_page_is_asked_for_each_time_and_sent_once(site: Site) -> None:
    page = await site.request("GET", "/")
    assert page.headers["Cache-Control"] == "no-cache"
    tag = page.headers["ETag"]
    known = await site.request("GET", "/", headers={"If-None-Match": tag})
    assert (known.status, known.body, known.headers["ETag"]) == (304, b"", tag)
    assert known.headers["Content-Security-Policy"] == POLICY
    for other in ('W/"older"', "garbage", '"'):
        assert (await site.request("GET", "/", headers={"If-None-Match": other})).status == 200


async def test_a_head_request_tells_the_same_without_the_page(site: Site) -> None:
    # Both on one connection: what follows the head of the first is the second answer.
    sent = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /ca.crt HTTP/1.1\r\nHost: a\r\n"
    answers = await site.raw(sent + b"Connection: close\r\n\r\n")
    head, _, rest = answers.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"Content-Security-Policy" in head
    assert rest.startswith(b"HTTP/1.1 404 ")


async def test_files_come_compressed_to_whom_that_suits(site: Site) -> None:
    version = WebApp().version
    path = f"/ui/{version}/app.js"
    plain = await site.request("GET", path)
    packed = await site.request("GET", path, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == plain.body == (DIRECTORY / "app.js").read_bytes()


@pytest.mark.parametrize(
    "name",
    ["nothing.js", "../web_app.py", "%2e%2e/web_app.py", "", "core", "/etc/passwd", "app.js%00"],
)
async def test_no_other_file_is_served(site: Site, name: str) -> None:
    answer = await site.request("GET", f"/ui/{WebApp().version}/{name}")
    assert answer.status == 404


async def test_what_a_dashboard_begins_with_is_fetched_at_once(site: Site) -> None:
    page = (await site.request("GET", "/")).text
    first = re.findall(r'<link rel="modulepreload" href="/ui/[^/]+/([^"]+)">', page)
    assert len(first) == len(set(first))
    assert _imported_by("pages/dashboard.js") | {"widgets/widget.js"} <= set(first)


async def test_files_of_another_version_are_gone(site: Site) -> None:
    assert (await site.request("GET", "/ui/0123456789abcdef/app.js")).status == 404


def test_any_changed_file_changes_the_version_and_unknown_kinds_are_left_out(
    tmp_path: Path,
) -> None:
    for name, text in (("index.html", "{preload}{ui}"), ("core/a.js", "1"), ("b.py", "secret")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = WebApp(tmp_path)
    (tmp_path / "core/a.js").write_text("2")
    after = WebApp(tmp_path)
    assert before.version != after.version
    assert set(after._paths) == {"index.html", "core/a.js"}


async def test_pictures_are_not_compressed_twice(tmp_path: Path) -> None:
    (tmp_path / "icon.png").write_bytes(b"\x89PNG")
    app = WebApp(tmp_path)
    file = await app._file("icon.png")
    assert file.packed is None
    assert file.plain == b"\x89PNG"


def _imported_by(name: str) -> set[str]:
    """A module and all that it needs before it runs."""
    found = {name}
    wanted = [name]
    while wanted:
        name = wanted.pop()
        text = (DIRECTORY / name).read_text()
        imports = re.findall(r"^(?:import|\}).*'(\.[^']+)';$", text, re.MULTILINE)
        new = {os.path.normpath(Path(name).parent / one) for one in imports} - found
        found |= new
        wanted += new
    return found
