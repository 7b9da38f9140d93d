from blynk_gateway.api.upstream import upstream_view
from blynk_gateway.core.upstream import NoUpstreams
from tests.helpers.http import VIEWER, Site
from tests.helpers.upstreams import ABOVE, MemoryUpstreams


async def test_servers_above_are_told_in_their_order(site: Site) -> None:
    states = [ABOVE, ABOVE._replace(name="another")]
    site.services.upstreams = MemoryUpstreams(states)
    answer = await site.request("GET", "/api/v1/upstream", bearer=VIEWER)
    assert (answer.status, answer.json) == (200, {"upstream": upstream_view(states)})
    assert [one["name"] for one in answer.json["upstream"]] == ["cloud", "another"]


async def test_without_a_server_above_the_list_is_empty(site: Site) -> None:
    assert isinstance(site.services.upstreams, NoUpstreams)
    answer = await site.request("GET", "/api/v1/upstream", bearer=VIEWER)
    assert answer.json == {"upstream": []}
