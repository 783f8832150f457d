"""Notifications as e-mail: `mailto:` endpoints, over the town's own mail server."""

import asyncio
import hashlib
import re
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from context_api.notifications.retry import Verdict
from context_api.notifications.sender import Attempt, Message

MAILTO = "mailto:"
DEFAULT_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?"
)
_NO_SUCH_ADDRESS = (550, 551, 553)
"""RFC 5321, section 4.2.3."""
# A mail server that does not answer must not use up the threads that others need: these only hand in mails.
_THREADS = ThreadPoolExecutor(4, thread_name_prefix="mail")


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in, and who it is from."""

    scheme: str
    host: str
    port: int
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def parse_mail_server(url: str, sender: str) -> MailServer:
    """Read `smtp[s|+starttls]://[user:password@]host[:port]`. Raises ValueError, which shows no secret."""
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError(
            "a mail server is written smtp, smtps or smtp+starttls://[user:password@]host[:port]"
        )
    if not is_address(sender):
        raise ValueError("the sender of mails is an address such as machi@city.example")
    return MailServer(
        parts.scheme,
        parts.hostname,
        parts.port or DEFAULT_PORTS[parts.scheme],
        sender,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )


def is_address(text: str) -> bool:
    """Whether a text is one mail address, and nothing that a header could be broken with."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


class MailSender:
    """Hands mails to the server, one connection each: mails are few."""

    def __init__(self, server: MailServer | None) -> None:
        self._server = server

    async def send(self, message: Message, timeout_s: float) -> Attempt:
        """As `Sender` says."""
        server = self._server
        if server is None:
            return Attempt(Verdict.RETRY, "no mail server is set (MACHI_SMTP_URL)")
        try:
            mail = _write(server, message)
            await asyncio.get_running_loop().run_in_executor(_THREADS, _hand_in, server, mail, timeout_s)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            return _refused(code)
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code)
        except (OSError, smtplib.SMTPException) as error:
            return Attempt(Verdict.RETRY, f"the mail server was not reached: {type(error).__name__}")
        return Attempt(Verdict.DELIVERED)


def _refused(code: int) -> Attempt:
    """An address that does not exist is not tried again; all else may be a passing trouble of the server."""
    verdict = Verdict.GONE if code in _NO_SUCH_ADDRESS else Verdict.RETRY
    return Attempt(verdict, f"the mail server answered {code}")


def _write(server: MailServer, message: Message) -> EmailMessage:
    """A mail whose id is made from what it says, so that mail programs recognise a repeat."""
    mail = EmailMessage()
    mail["From"] = server.sender
    mail["To"] = unquote(message.url[len(MAILTO) :].partition("?")[0])
    mail["Subject"] = message.subject or "Machi"
    mail["Date"] = formatdate()
    digest = hashlib.blake2b(message.body + mail["To"].encode(), digest_size=16).hexdigest()
    mail["Message-ID"] = f"<{digest}@machi.invalid>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body.decode(), cte="base64")
    return mail


def _hand_in(server: MailServer, mail: EmailMessage, timeout_s: float) -> None:
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=timeout_s, context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=timeout_s)
    with client:
        if server.scheme == "smtp+starttls":
            client.starttls(context=context)
        if server.username is not None:
            client.login(server.username, server.password or "")
        client.send_message(mail)
