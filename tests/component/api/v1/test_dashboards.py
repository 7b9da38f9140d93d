import asyncio
import json

import pytest

from blynk_gateway.api.accounts.digests import digest_of
from blynk_gateway.api.v1 import dashboards as routes
from blynk_gateway.config.dashboards.documents import read_yaml
from blynk_gateway.core.dashboards.automatic import automatic_dashboard
from blynk_gateway.core.dashboards.model import MAX_DASHBOARDS, MAX_WIDGETS, Dashboard, Page
from blynk_gateway.core.dashboards.widget_types import WIDGET_TYPES
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.json_text import Json
from blynk_gateway.core.ports import ApiToken
from tests.helpers.http import ADMIN, OPERATOR, VIEWER, Answer, Site
from tests.helpers.visitors import Visitor

HOME = "/api/v1/dashboards/home"
SWITCH = {"type": "switch", "pin": "greenhouse/V1"}
BODY = {"title": "Home", "pages": [{"title": "", "widgets": [SWITCH]}]}


async def put(site: Site, body: Json = None, path: str = HOME, bearer: str = ADMIN) -> Answer:
    return await site.request("PUT", path, BODY if body is None else body, bearer=bearer)


async def listed(site: Site, bearer: str = VIEWER) -> list[str]:
    answer = await site.request("GET", "/api/v1/dashboards", bearer=bearer)
    return [one["slug"] for one in answer.json["dashboards"]]


def declared(text: str, slug: str = "home") -> dict[str, Dashboard]:
    return {slug: read_yaml(slug, text)}


async def test_device_without_a_dashboard_has_an_automatic_one(site: Site) -> None:
    answer = await site.request("GET", "/api/v1/dashboards", bearer=VIEWER)
    assert answer.json["dashboards"] == [
        {
            "slug": "device:greenhouse",
            "title": "Greenhouse",
            "source": "automatic",
            "device": "greenhouse",
            "read_only": True,
            "hides_stored": False,
        }
    ]
    shown = await site.request("GET", "/api/v1/dashboards/device:greenhouse", bearer=VIEWER)
    assert shown.status == 200
    view = shown.json
    assert (view["source"], view["read_only"], view["revision"]) == ("automatic", True, None)
    made = automatic_dashboard(site.device, site.store)
    assert [one["type"] for one in view["pages"][0]["widgets"]] == [
        one.type for one in made.widgets()
    ]
    assert all(len(one["desktop"]) == len(one["phone"]) == 4 for one in view["pages"][0]["widgets"])


async def test_stored_dashboard_is_made_changed_and_removed(site: Site) -> None:
    made = await put(site)
    assert (made.status, made.json["revision"], made.json["source"]) == (201, 1, "stored")
    assert made.json["pages"][0]["widgets"] == [
        {**SWITCH, "desktop": [0, 0, 2, 2], "phone": [0, 0, 2, 2]}
    ]
    shown = await site.request("GET", HOME, bearer=VIEWER)
    assert shown.json == made.json
    body = {key: shown.json[key] for key in ("title", "pages", "revision")}
    changed = await put(site, {**body, "title": "Mine"})
    assert (changed.status, changed.json["revision"], changed.json["title"]) == (200, 2, "Mine")
    assert json.loads(site.dashboard_table.rows["home"].document)["title"] == "Mine"
    removed = await site.request("DELETE", HOME, bearer=ADMIN)
    assert (removed.status, removed.body) == (204, b"")
    assert (await site.request("GET", HOME, bearer=VIEWER)).status == 404
    assert site.dashboard_table.rows == {}


@pytest.mark.parametrize("revision", [None, 1, 7])
async def test_change_of_another_revision_is_refused(site: Site, revision: int | None) -> None:
    await put(site)
    await put(site, {**BODY, "revision": 1})
    refused = await put(site, {"title": "Lost", "revision": revision})
    assert (refused.status, refused.json["error"]["code"]) == (409, "request.conflict")
    assert (await site.request("GET", HOME, bearer=VIEWER)).json["title"] == "Home"


async def test_revision_of_a_dashboard_that_is_gone_is_refused(site: Site) -> None:
    refused = await put(site, {**BODY, "revision": 3})
    assert refused.status == 409
    assert "there is no dashboard 'home' (any more)" in refused.json["error"]["message"]


async def test_of_two_changes_at_once_one_is_refused(site: Site) -> None:
    await put(site)
    body = {**BODY, "revision": 1}
    answers = await asyncio.gather(put(site, body), put(site, body))
    assert sorted(answer.status for answer in answers) == [200, 409]


async def test_dashboard_of_the_file_goes_before_a_stored_one_and_is_read_only(site: Site) -> None:
    await put(site)
    site.dashboards.declare(declared("title: Declared"))
    answer = await site.request("GET", "/api/v1/dashboards", bearer=VIEWER)
    first = answer.json["dashboards"][0]
    assert (first["slug"], first["source"], first["hides_stored"]) == ("home", "file", True)
    assert len(answer.json["dashboards"]) == 2
    assert (await site.request("GET", HOME, bearer=VIEWER)).json["read_only"]
    for answer in (
        await put(site, {**BODY, "revision": 1}),
        await site.request("DELETE", HOME, bearer=ADMIN),
        await site.request("POST", f"{HOME}/yaml", {"yaml": "title: x"}, bearer=ADMIN),
    ):
        assert answer.status == 409
        assert "declared in the configuration file" in answer.json["error"]["message"]
    site.dashboards.declare({})
    assert (await site.request("GET", HOME, bearer=VIEWER)).json["title"] == "Home"


async def test_automatic_dashboard_cannot_be_changed(site: Site) -> None:
    for answer in (
        await put(site, path="/api/v1/dashboards/device:greenhouse"),
        await site.request("DELETE", "/api/v1/dashboards/device:greenhouse", bearer=ADMIN),
    ):
        assert answer.status == 409
        assert "makes itself" in answer.json["error"]["message"]


async def test_order_is_file_stored_automatic(site: Site) -> None:
    await put(site, path="/api/v1/dashboards/b")
    await put(site, path="/api/v1/dashboards/a")
    site.dashboards.declare(declared("title: Z", "z"))
    assert await listed(site) == ["z", "a", "b", "device:greenhouse"]


async def test_all_faults_are_told_with_their_paths(site: Site) -> None:
    page = {"widgets": [{"type": "slidr"}, {"type": "slider", "pin": "greenhouse/V2", "min": "a"}]}
    answer = await put(site, {"title": "", "pages": [page], "colour": 1})
    assert (answer.status, answer.json["error"]["code"]) == (400, "request.invalid")
    answer = await put(site, {"title": "", "pages": [page]})
    assert (answer.status, answer.json["error"]["code"]) == (400, "dashboard.invalid")
    assert answer.json["error"]["message"].splitlines() == [
        'title: found "", expected a title of 1 to 256 characters in one line',
        'pages[0].widgets[0].type: found "slidr", expected one of 27 types; did you mean "slider"?',
        'pages[0].widgets[1].min: found "a", expected a number',
    ]
    assert await listed(site) == ["device:greenhouse"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ("{", 400),
        ({"revision": 1.5}, 400),
        ({"revision": "1"}, 400),
        ({"pages": 1}, 400),
        ({"pages": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}, 400),
        ({"title": "x" * routes.MAX_BODY_BYTES}, 413),
    ],
)
async def test_body_that_is_no_dashboard_is_refused(site: Site, body: Json, status: int) -> None:
    assert (await put(site, body)).status == status


async def test_body_must_be_declared_as_json(site: Site) -> None:
    headers = {"Content-Type": "text/plain"}
    answer = await site.request("PUT", HOME, "{}", bearer=ADMIN, headers=headers)
    assert answer.status == 415


async def test_name_must_be_a_slug(site: Site) -> None:
    answer = await put(site, path="/api/v1/dashboards/Home%20sweet")
    assert (answer.status, answer.json["error"]["code"]) == (400, "request.invalid")


@pytest.mark.parametrize("bearer", [VIEWER, OPERATOR])
async def test_only_an_admin_changes_dashboards(site: Site, bearer: str) -> None:
    assert (await put(site, bearer=bearer)).status == 403
    assert (await site.request("DELETE", HOME, bearer=bearer)).status == 403
    assert (await site.request("GET", f"{HOME}/yaml", bearer=bearer)).status == 403
    answer = await site.request("POST", f"{HOME}/yaml", {"yaml": "title: x"}, bearer=bearer)
    assert answer.status == 403


async def test_there_is_an_end_to_dashboards(site: Site) -> None:
    for number in range(MAX_DASHBOARDS):
        assert (await put(site, path=f"/api/v1/dashboards/d{number}")).status == 201
    refused = await put(site)
    assert (refused.status, "that is the limit" in refused.text) == (409, True)
    assert (await put(site, {**BODY, "revision": 1}, "/api/v1/dashboards/d3")).status == 200


async def test_dashboard_that_cannot_be_kept_is_refused(site: Site) -> None:
    await put(site)
    site.dashboard_table.is_broken = True
    assert (await put(site, {"title": "Lost", "revision": 1})).status == 503
    assert (await site.request("DELETE", HOME, bearer=ADMIN)).status == 503
    assert (await site.request("GET", HOME, bearer=VIEWER)).json["revision"] == 1


async def test_yaml_carries_a_dashboard_to_another_name(site: Site) -> None:
    body = {"title": "Ä: #1", "pages": [{"title": "One", "widgets": [SWITCH]}, {"title": "Two"}]}
    made = (await put(site, body)).json
    exported = await site.request("GET", f"{HOME}/yaml", bearer=ADMIN)
    assert exported.headers["Content-Type"] == "text/yaml; charset=utf-8"
    assert 'filename="home.yaml"' in exported.headers["Content-Disposition"]
    path = "/api/v1/dashboards/copy"
    texts = (exported.text, f"dashboards:\n{exported.text}")
    for status, revision, text in zip((201, 200), (1, 2), texts, strict=True):
        answer = await site.request("POST", f"{path}/yaml", {"yaml": text}, bearer=ADMIN)
        assert (answer.status, answer.json["revision"]) == (status, revision)
        assert answer.json["pages"] == made["pages"]
        assert (answer.json["slug"], answer.json["title"]) == ("copy", "Ä: #1")


async def test_automatic_dashboard_is_exported_under_its_devices_slug(site: Site) -> None:
    path = "/api/v1/dashboards/device:greenhouse/yaml"
    exported = await site.request("GET", path, bearer=ADMIN)
    assert exported.text.startswith('  greenhouse:\n    title: "Greenhouse"\n')
    assert read_yaml("x", exported.text).pages == automatic_dashboard(site.device, site.store).pages


@pytest.mark.parametrize(
    "body",
    [{}, {"yaml": 1}, {"yaml": ["title: x"]}, {"yaml": "title: x", "more": 1}, {"yaml": "[:"}],
)
async def test_import_of_anything_else_is_refused(site: Site, body: Json) -> None:
    assert (await site.request("POST", f"{HOME}/yaml", body, bearer=ADMIN)).status == 400
    assert await listed(site) == ["device:greenhouse"]


async def test_fault_of_yaml_has_its_line(site: Site) -> None:
    body = {"yaml": "title: x\nwidgets:\n  - {type: led}\n"}
    answer = await site.request("POST", f"{HOME}/yaml", body, bearer=ADMIN)
    assert answer.json["error"]["message"] == "line 3: widgets[0]: found no pin, expected one"


async def test_caller_with_devices_sees_dashboards_within_them(site: Site) -> None:
    site.add_device("shed", "t", DeviceSource.COMMAND)
    token = ApiToken("one", "viewer", digest_of("scoped"), 0, ("greenhouse",))
    await site.journal.add_api_token(token)
    site.dashboards.declare(
        declared("widgets: [{type: led, pin: greenhouse/V1}]", "inside")
        | declared("widgets: [{type: chart, pins: [greenhouse/V1, shed/V1]}]", "outside")
        | declared("widgets: [{type: device, device: shed}]", "tile")
        | declared("widgets: [{type: header}]", "header")
    )
    assert await listed(site, "scoped") == ["inside", "device:greenhouse"]
    for slug, status in (("inside", 200), ("outside", 404), ("device:shed", 404), ("none", 404)):
        path = f"/api/v1/dashboards/{slug}"
        assert (await site.request("GET", path, bearer="scoped")).status == status
    assert (await site.request("GET", "/api/v1/widgets", bearer="scoped")).status == 200


async def test_visitor_of_a_shared_dashboard_sees_that_one_only(site: Site) -> None:
    await put(site)
    await put(site, path="/api/v1/dashboards/other")
    made = await site.request("POST", "/api/v1/shares", {"dashboard": "home"}, bearer=ADMIN)
    visitor = Visitor(site)
    await visitor.request("POST", "/session/share", {"token": made.json["token"]})
    (shown,) = (await visitor.request("GET", "/dashboards")).json["dashboards"]
    assert shown["slug"] == "home"
    for path, status in (
        ("/dashboards/home", 200),
        ("/widgets", 200),
        ("/dashboards/other", 404),
        ("/dashboards/device:greenhouse", 404),
        ("/dashboards/home/yaml", 403),
    ):
        assert (await visitor.request("GET", path)).status == status
    await site.request("DELETE", HOME, bearer=ADMIN)
    assert (await visitor.request("GET", "/dashboards/home")).status == 401


async def test_widget_types_are_those_of_the_validator(site: Site) -> None:
    answer = await site.request("GET", "/api/v1/widgets", bearer=VIEWER)
    widgets = {one["type"]: one for one in answer.json["widgets"]}
    assert list(widgets) == list(WIDGET_TYPES)
    assert widgets["chart"]["pins"] == "many"
    assert widgets["chart"]["size"] == {"desktop": [6, 5], "phone": [4, 5]}
    assert widgets["button"]["options"][0] == {
        "name": "mode",
        "kind": "choice",
        "choices": ["push", "switch"],
        "default": "push",
        "required": False,
    }
    assert widgets["value"]["options"][0]["max"] == 9


async def test_a_thousand_widgets_are_stored(site: Site) -> None:
    page = {"widgets": [SWITCH] * MAX_WIDGETS}
    answer = await put(site, {"pages": [page] * 5})
    assert answer.status == 201
    assert sum(len(page["widgets"]) for page in answer.json["pages"]) == 5 * MAX_WIDGETS
    answer = await put(site, {"pages": [page] * 6, "revision": 1})
    assert answer.json["error"]["message"] == "found 1200 widgets, expected at most 1000 in all"


async def test_page_without_widgets_is_one(site: Site) -> None:
    assert (await put(site, {"pages": []})).json["pages"] == [{"title": "", "widgets": []}]
    assert site.dashboards.get("home").dashboard.pages == (Page(),)
