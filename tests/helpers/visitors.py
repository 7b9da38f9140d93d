"""Browsers as far as sessions go: they keep a cookie, and say from which page a request comes."""

from blynk_gateway.core.accounts import Role
from blynk_gateway.core.json_text import Json
from tests.helpers.http import Answer, Site

ORIGIN = "http://gateway.test"
PASSWORD = "correct horse"


class Visitor:
    """One browser on the pages of a site.

    Attributes:
        cookie: `name=secret`, empty without one.
        set_cookie: the last `Set-Cookie` that came.
    """

    def __init__(self, site: Site, origin: str = ORIGIN) -> None:
        self._site = site
        self.origin = origin
        self.cookie = ""
        self.set_cookie = ""

    async def request(
        self, method: str, path: str, body: Json = None, *, bearer: str | None = None
    ) -> Answer:
        """Send a request to a path below `/api/v1`."""
        headers = {"Cookie": self.cookie} if self.cookie else {}
        if method != "GET" and self.origin:
            headers["Origin"] = self.origin
        answer = await self._site.request(
            method, f"/api/v1{path}", body, headers=headers, bearer=bearer
        )
        if "Set-Cookie" in answer.headers:
            self.set_cookie = answer.headers["Set-Cookie"]
            name, _, secret = self.set_cookie.partition(";")[0].partition("=")
            self.cookie = f"{name}={secret}" if secret.strip('"') else ""
        return answer

    async def login(self, name: str, password: str = PASSWORD, *, keep: bool = False) -> Answer:
        """Log in."""
        body = {"name": name, "password": password, "keep": keep}
        return await self.request("POST", "/session", body)

    async def role(self) -> str | None:
        """The role of whoever is logged in."""
        user = (await self.request("GET", "/session")).json["user"]
        return None if user is None else str(user["role"])


async def logged_in(site: Site, role: Role, name: str | None = None) -> Visitor:
    """A browser with a new user of this role logged in, by default named as the role."""
    name = name or str(role)
    await site.people.users.add(name, role, PASSWORD)
    visitor = Visitor(site)
    assert (await visitor.login(name)).status == 200
    return visitor
