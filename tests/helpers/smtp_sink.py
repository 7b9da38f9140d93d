"""A real mail server on loopback that keeps what it is sent, to look at."""

import asyncio
import email
import email.policy
import ssl
from email.message import EmailMessage
from types import TracebackType
from typing import NamedTuple, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

ARRIVES_WITHIN_S = 20.0


class Mail(NamedTuple):
    """What arrived: from whom to whom, and the message itself."""

    sender: str
    recipients: list[str]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain", "html"))
        assert isinstance(body, EmailMessage)
        return str(body.get_content()).strip()


class SmtpSink:
    """`async with` makes it listen.

    Args:
        tls: it offers STARTTLS with this context, and takes nothing before it.
        login: user and password that are wanted, None for nobody's.

    Attributes:
        mails: what arrived.
        refused: recipients that are answered by 550.
    """

    def __init__(
        self, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None
    ) -> None:
        self.mails: asyncio.Queue[Mail] = asyncio.Queue()
        self.refused: set[str] = set()
        self.port = 0
        self._tls = tls
        self._login = login
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def mail(self) -> Mail:
        """The next that arrives."""
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            return await self.mails.get()

    async def handle_RCPT(  # noqa: N802  as aiosmtpd calls it
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  likewise
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.put_nowait(Mail(envelope.mail_from or "", list(envelope.rcpt_tos), message))
        return "250 OK"

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            hostname="sink.example.org",
            tls_context=self._tls,
            require_starttls=self._tls is not None,
            auth_required=self._login is not None,
            auth_require_tls=self._tls is not None,
            authenticator=self._authenticate if self._login is not None else None,
            loop=asyncio.get_running_loop(),
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert self._login is not None
        user, password = self._login
        is_right = data == LoginPassword(user.encode(), password.encode())
        return AuthResult(success=is_right, handled=is_right)
