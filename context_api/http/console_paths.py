"""Which paths are the console's: its pages, which are one document, and the files that they load."""

PAGES = frozenset({"", "login", "public", "history", "devices", "subscriptions", "settings", "invitation"})
"""The first part of a page's path (`path` in console/src/pages/*/page.ts; a test compares)."""
ASSETS = "/assets/"


def is_console_page(path: str) -> bool:
    """Whether the console shows something at this path: `/history`, `/devices/aq-001`."""
    return path.split("/", 2)[1] in PAGES if path.startswith("/") else False


def is_console(path: str) -> bool:
    """Whether what is at this path is the console's: words and code, no data, so that no key is needed."""
    return path.startswith(ASSETS) or is_console_page(path)
