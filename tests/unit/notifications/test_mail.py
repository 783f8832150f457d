"""A mail server that does not answer keeps nobody waiting but mails."""

import asyncio
import socket

from context_api.notifications.mail import MailSender, MailServer
from context_api.notifications.retry import Verdict
from context_api.notifications.sender import Message


def test_mails_that_hang_leave_the_threads_of_others_alone() -> None:
    silent = socket.create_server(("127.0.0.1", 0), backlog=64)  # connects, is never accepted
    server = MailServer("smtp", "127.0.0.1", silent.getsockname()[1], "machi@city.example")
    message = Message(url="mailto:ops@city.example", headers=[], body=b"x")

    async def run() -> list[Verdict]:
        sender = MailSender(server)
        mails = [asyncio.create_task(sender.send(message, 60)) for _ in range(40)]
        await asyncio.sleep(0)
        assert await asyncio.to_thread(lambda: "well") == "well"
        assert not any(mail.done() for mail in mails)
        silent.close()
        return [attempt.verdict for attempt in await asyncio.gather(*mails)]

    assert asyncio.run(run()) == [Verdict.RETRY] * 40
