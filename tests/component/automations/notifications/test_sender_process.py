"""Real processes, with Apprise and without, and a mail server and a stand-in for ntfy."""

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from blynk_gateway.automations.notifications.sender import UNKNOWN_URL, Answer, Outcome
from blynk_gateway.automations.notifications.sender_process import SENDER, SenderProcess
from blynk_gateway.config.secret import Secret
from tests.helpers.authority import Authority
from tests.helpers.ntfy import Ntfy
from tests.helpers.patience import PATIENCE_S
from tests.helpers.smtp_sink import SmtpSink

SENT = Answer(Outcome.SENT)
TEXT = "31 °C\n<b>in the shade</b> & rising"


def _proc(process: SenderProcess) -> Path:
    return Path("/proc", str(process.pid))


@asynccontextmanager
async def running() -> AsyncIterator[SenderProcess]:
    process = await SenderProcess.start()
    try:
        yield process
    finally:
        await process.end()


async def test_ntfy_gets_title_and_text_and_one_process_sends_many() -> None:
    async with running() as process, Ntfy(token="tk_verysecret") as ntfy:
        url = Secret(ntfy.url("garden"))
        assert await process.check(url) == SENT
        assert ntfy.attempts == 0, "a look at a URL sends nothing"
        assert await process.send(url, "Too hot", TEXT) == SENT
        assert await process.send(url, "", "again") == SENT
        first, second = await ntfy.message(), await ntfy.message()
        assert (first["topic"], first["title"], first["message"]) == ("garden", "Too hot", TEXT)
        assert second["message"] == "again"


async def test_what_ntfy_refuses_is_told_without_the_token() -> None:
    async with running() as process, Ntfy(token="tk_verysecret") as ntfy:
        url = Secret(ntfy.url().replace("verysecret", "wrongsecret"))
        outcome, reason = await process.send(url, "", "hot")
        assert outcome is Outcome.FAILED
        assert "401" in reason
        assert "unauthorized" in reason.lower()
        assert "wrongsecret" not in reason


async def test_a_mail_goes_over_starttls_with_a_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, "Home")
    identity = authority.issue("sink", "localhost", "127.0.0.1")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(identity.cert, identity.key)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    async with SmtpSink(tls, ("me", "correct horse")) as sink, running() as process:
        base = f"@localhost:{sink.port}?from=gateway@example.org&mode=starttls&smtp=localhost"
        url = Secret(f"mailtos://me:correct%20horse{base}")
        assert await process.send(url, "Zu heiß", TEXT, "anna@example.org") == SENT
        mail = await sink.mail()
        assert mail.recipients == ["anna@example.org"]
        assert mail.subject == "Zu heiß"
        # Exactly so: a text is no HTML.
        assert mail.text.splitlines() == TEXT.splitlines()
        outcome, reason = await process.send(
            Secret(f"mailtos://me:another-secret{base}"), "s", "t", "anna@example.org"
        )
        assert outcome is Outcome.FAILED
        assert "another-secret" not in reason


async def test_a_recipient_that_the_service_names_wins_and_a_refused_one_is_told() -> None:
    async with SmtpSink() as sink, running() as process:
        base = f"mailto://127.0.0.1:{sink.port}?from=gateway@example.org"
        own = Secret(f"{base}&to=owner@example.org")
        assert await process.send(own, "Subject alone", "", "anna@example.org") == SENT
        mail = await sink.mail()
        assert mail.recipients == ["owner@example.org"]
        assert mail.subject == "Subject alone"
        sink.refused.add("nobody@example.org")
        outcome, _ = await process.send(Secret(base), "s", "t", "nobody@example.org")
        assert outcome is Outcome.FAILED


@pytest.mark.parametrize("url", ["bogus://garden", "tgram://x", "mailto://"])
async def test_a_url_that_is_none_is_refused(url: str) -> None:
    async with running() as process:
        assert await process.check(Secret(url)) == Answer(Outcome.REFUSED, UNKNOWN_URL)
        assert (await process.send(Secret(url), "", "t")).outcome is Outcome.REFUSED


async def test_a_service_that_hangs_costs_its_process() -> None:
    async with Ntfy() as ntfy:
        ntfy.is_hanging = True
        process = await SenderProcess.start(answer_s=2.0)
        answer = await process.send(Secret(f"{ntfy.url()}?rto=30"), "", "hot")
        assert answer == Answer(Outcome.FAILED, "it did not answer within 2 s")
        assert process.has_ended
        assert not _proc(process).exists()
        assert (await process.send(Secret(ntfy.url()), "", "x")).outcome is Outcome.FAILED
        await process.end()


@pytest.mark.parametrize("program", ["pass", "print('no json', flush=True)", "print('{}')"])
async def test_a_process_that_ends_or_babbles_is_a_failure(program: str) -> None:
    process = await SenderProcess.start((sys.executable, "-c", program))
    answer = await process.send(Secret("ntfy://garden"), "", "hot")
    assert answer == Answer(Outcome.FAILED, "the process that sends ended without an answer")
    assert process.has_ended


async def test_no_process_shows_a_secret_and_the_gateway_loads_no_apprise() -> None:
    async with running() as process, Ntfy() as ntfy:
        await process.send(Secret(ntfy.url("verysecret")), "", "hot")
        shown = [(_proc(process) / name).read_bytes() for name in ("cmdline", "environ")]
        assert b"verysecret" not in b"".join(shown)
        assert "apprise" not in sys.modules


async def test_it_ends_by_itself_when_its_gateway_is_gone() -> None:
    process = await asyncio.create_subprocess_exec(*SENDER, stdin=asyncio.subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.close()
    async with asyncio.timeout(PATIENCE_S):
        assert await process.wait() == os.EX_OK
