"""`/api/v1/tls`, and `/ca.crt`: the certificate that is served, and whom clients have to trust."""

from aiohttp import web

from blynk_gateway.api.faults import NoAuthority
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.core.accounts import Role


class TlsRoutes:
    """The handlers."""

    def __init__(self, services: Services) -> None:
        self._certificates = services.certificates

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route("GET", "/tls", Role.VIEWER, self.tls, "How TLS is served."),
        ]

    async def tls(self, _call: Call) -> web.Response:
        """How TLS is served at the moment."""
        state = await self._certificates.tls()
        return api_json(
            {
                "enabled": state.is_enabled,
                "ports": list(state.ports),
                "own_ca": state.is_own_ca,
                "fingerprint": state.fingerprint,
                "ca_fingerprint": state.ca_fingerprint,
                "names": list(state.names),
                "not_after_ms": state.not_after_ms,
            }
        )

    async def authority(self, _request: web.Request) -> web.Response:
        """`/ca.crt`, for anybody: the certificate of the gateway's own authority.

        Raises:
            NoAuthority: there is none.
        """
        pem = await self._certificates.authority()
        if pem is None:
            raise NoAuthority(
                "this gateway has no certificate authority of its own: TLS is off, not served yet,"
                " or server.tls names the owner's certificate, which clients trust already or not"
            )
        return web.Response(
            body=pem,
            headers={
                "Content-Type": "application/x-x509-ca-cert",
                "Content-Disposition": 'attachment; filename="blynk-gateway-ca.crt"',
                "Cache-Control": "no-cache",
                "X-Content-Type-Options": "nosniff",
            },
        )
