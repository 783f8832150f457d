"""Where `make timescale` gets Debian from."""

from deploy.apt_sources import AptSource, find_mirror, parse_deb822, parse_one_line, render_sources

DEB822 = """\
# comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://other.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
"""


def test_stanzas_give_one_source_per_suite_and_leave_out_disabled_ones_and_source_packages() -> None:
    assert parse_deb822(DEB822) == [
        AptSource("http://mirror.example/debian", "bookworm", ("main", "contrib")),
        AptSource("http://mirror.example/debian", "bookworm-updates", ("main", "contrib")),
        AptSource("http://mirror.example/debian-security", "bookworm-security", ("main",)),
    ]


def test_lines_with_options_and_comments() -> None:
    text = (
        "deb [arch=amd64 signed-by=/x.gpg] https://mirror.example/debian/ bookworm main # ours\n"
        "# deb http://off.example/debian bookworm main\n"
        "deb-src https://mirror.example/debian/ bookworm main\n"
        "deb https://vendor.example/apt vendor-bookworm main\n"
    )
    assert parse_one_line(text) == [
        AptSource("https://mirror.example/debian/", "bookworm", ("main",)),
        AptSource("https://vendor.example/apt", "vendor-bookworm", ("main",)),
    ]


def test_the_mirror_is_the_one_of_this_debians_own_suite() -> None:
    sources = [
        AptSource("https://vendor.example/apt", "vendor-bookworm", ("main",)),
        AptSource("cdrom:[Debian]/", "bookworm", ("main",)),
        AptSource("http://mirror.example/debian-security", "bookworm-security", ("main",)),
        AptSource("http://mirror.example/debian/", "bookworm", ("main",)),
    ]
    assert find_mirror(sources, "bookworm") == "http://mirror.example/debian"
    assert find_mirror(sources, "trixie") is None


def test_the_root_trusts_debians_keys_only() -> None:
    assert render_sources("http://mirror.example/debian", "trixie") == (
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
        " http://mirror.example/debian trixie main\n"
    )
