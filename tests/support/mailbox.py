"""A real SMTP server for the tests: takes mails, or refuses them as it is told."""

import email
import email.policy
import socketserver
import threading
from email.message import EmailMessage

from tests.support.waiting import wait_until


class Mailbox:
    """`url` takes every mail; `refuse` answers the next recipients with these codes first."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse: list[int] = []
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self.url = f"smtp://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def wait_for(self, count: int) -> list[EmailMessage]:
        """All mails, once there are so many."""
        return wait_until(lambda: list(self.mails) if len(self.mails) >= count else None)

    def stop(self) -> None:
        """Refuse connections from now on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler_of(mailbox: Mailbox) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        timeout = 30

        def handle(self) -> None:
            self._say("220 mailbox")
            while line := self.rfile.readline().decode().strip():
                if not self._answer(line.partition(" ")[0].upper()):
                    return

        def _answer(self, verb: str) -> bool:
            if verb == "DATA":
                self._say("354 go on")
                mailbox.mails.append(self._read_mail())
            elif verb == "RCPT" and mailbox.refuse:
                self._say(f"{mailbox.refuse.pop(0)} no")
                return True
            elif verb == "QUIT":
                self._say("221 bye")
                return False
            self._say("250 ok")
            return True

        def _read_mail(self) -> EmailMessage:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line.removeprefix(b"."))
            mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            assert isinstance(mail, EmailMessage)
            return mail

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    return Handler
