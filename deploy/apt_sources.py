"""Where this machine's apt gets Debian from: read from its own sources, so that we name no address. Pure but
for `read_sources`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class AptSource:
    """One place that binary packages come from."""

    uri: str
    suite: str
    components: tuple[str, ...]


def read_sources(folder: Path = Path("/etc/apt")) -> list[AptSource]:
    """All enabled `deb` sources of this machine, in the order in which apt reads them."""
    found: list[AptSource] = []
    for path in [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]:
        if not path.is_file():
            continue
        if path.suffix == ".sources":
            found += parse_deb822(path.read_text())
        elif path.suffix == ".list":
            found += parse_one_line(path.read_text())
    return found


def parse_one_line(text: str) -> list[AptSource]:
    """`deb [options] uri suite component…`, one a line."""
    found = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if not words or words[0] != "deb":
            continue
        if len(words) > 1 and words[1].startswith("["):
            end = next((i for i, word in enumerate(words) if word.endswith("]")), len(words))
            words = ["deb", *words[end + 1 :]]
        if len(words) >= 3:
            found.append(AptSource(words[1], words[2], tuple(words[3:])))
    return found


def parse_deb822(text: str) -> list[AptSource]:
    """Stanzas of `Types`, `URIs`, `Suites`, `Components`."""
    found = []
    for stanza in _stanzas(text):
        if "deb" not in stanza.get("types", "").split() or stanza.get("enabled", "yes").lower() == "no":
            continue
        components = tuple(stanza.get("components", "").split())
        for uri in stanza.get("uris", "").split():
            found += [AptSource(uri, suite, components) for suite in stanza.get("suites", "").split()]
    return found


def _stanzas(text: str) -> Iterable[dict[str, str]]:
    stanza: dict[str, str] = {}
    name = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if stanza:
                yield stanza
            stanza, name = {}, ""
        elif line[0].isspace() and name:
            stanza[name] += " " + line.strip()
        elif ":" in line:
            name, value = line.split(":", 1)
            name = name.strip().lower()
            stanza[name] = value.strip()


def find_mirror(sources: Iterable[AptSource], codename: str | None = None) -> str | None:
    """The address that serves this Debian's own suite: the other releases lie beside it."""
    wanted = codename or _codename()
    for source in sources:
        if (
            source.suite == wanted
            and "main" in source.components
            and source.uri.startswith(("http", "file:"))
        ):
            return source.uri.rstrip("/")
    return None


def render_sources(mirror: str, release: str) -> str:
    """sources.list of a root made from that mirror."""
    return f"deb [signed-by={_KEYRING}] {mirror} {release} main\n"


def _codename() -> str:
    for line in Path("/etc/os-release").read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return value.strip().strip('"')
    return ""
