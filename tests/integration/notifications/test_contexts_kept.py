"""The notifier keeps what it built of @contexts until one of their documents changes."""

import threading
import time

from context_api.notifications.contexts import StoredContexts
from context_api.store.context_cache import save_document
from context_api.store.contexts import CHANNEL
from context_api.store.database import open_database
from context_api.store.listen import listen

URL = "https://partner.example/c.jsonld"
DEADLINE_S = 60.0


def _document(iri: str) -> bytes:
    return f'{{"@context": {{"t": "{iri}"}}}}'.encode()


def test_a_changed_document_is_read_anew(database_url: str) -> None:
    database = open_database(database_url)
    stop = threading.Event()
    contexts = StoredContexts(database)
    heard: list[str] = []

    def on_notify(_: str, url: str) -> None:
        contexts.forget()
        heard.append(url)

    thread = threading.Thread(target=listen, args=(database_url, [CHANNEL], on_notify, stop))
    thread.start()
    try:
        _wait_for(heard, "")
        save_document(database, URL, _document("https://partner.example/1"))
        assert contexts.load(URL).expand("t") == "https://partner.example/1"
        assert contexts.find(URL) is not None
        save_document(database, URL, _document("https://partner.example/2"))
        _wait_for(heard, URL)
        assert contexts.find(URL) is None
        assert contexts.load(URL).expand("t") == "https://partner.example/2"
    finally:
        stop.set()
        thread.join()
        database.close()


def test_what_was_read_before_a_change_is_not_kept(database_url: str) -> None:
    database = open_database(database_url)
    try:
        save_document(database, URL, _document("https://partner.example/1"))
        contexts = _Interrupted(database)
        assert contexts.load(URL).expand("t") == "https://partner.example/1"
        assert contexts.find(URL) is None
    finally:
        database.close()


class _Interrupted(StoredContexts):
    """Hears of a change while it reads."""

    def _collect(self, source: object, path: tuple[str, ...]) -> list:  # type: ignore[type-arg]
        found = super()._collect(source, path)
        self.forget()
        return found


def _wait_for(heard: list[str], url: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while url not in heard:
        assert time.monotonic() < deadline
        time.sleep(0.02)
