"""Every setting, route and command is documented, in both languages, as the code has it."""

import re
from pathlib import Path

import pytest

from tests.docs import tables

LANGUAGES = ("en", "ja")
KEYS = {"settings": 2, "routes": 2, "commands": 1}
"""How many columns say which thing it is (and its default); the last one says what it means."""


@pytest.mark.parametrize("name", tables.TABLES)
def test_the_english_table_is_the_one_made_from_the_code(name: str) -> None:
    written = tables.read_table(tables.DOCS / "en" / f"{name}.md", name)
    assert written == tables.render(name), "run `make docs`"


@pytest.mark.parametrize("name", tables.TABLES)
def test_the_japanese_table_has_the_same_things_in_the_same_order(name: str) -> None:
    columns = KEYS[name]
    rows = tables.read_rows(tables.DOCS / "ja" / f"{name}.md", name)
    _, make_rows = tables.TABLES[name]
    assert [row[:columns] for row in rows] == [row[:columns] for row in make_rows()]
    japanese = re.compile(r"[぀-ヿ一-鿿]")
    assert [row[0] for row in rows if not japanese.search(row[-1])] == []


def test_every_guide_exists_in_both_languages() -> None:
    names = {
        language: {path.name for path in (tables.DOCS / language).glob("*.md")} for language in LANGUAGES
    }
    assert names["en"] == names["ja"]
    assert len(names["en"]) >= 9


PAGES = [
    *(path for path in tables.DOCS.rglob("*.md")),
    *(tables.ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(tables.ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    missing = [
        target for target in targets if "://" not in target and not (page.parent / target).resolve().exists()
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(tables.ROOT)))
def test_every_variable_that_a_page_names_exists(page: Path) -> None:
    """A guide must not tell of a setting that was renamed."""
    known = {row[0].strip("`") for row in tables.setting_rows()}
    known |= set(re.findall(r"MACHI_[A-Z_]+", (tables.ROOT / "docker-compose.yml").read_text()))
    known |= {
        "MACHI_TEST_DATABASE_URL",
        "MACHI_TEST_DATA",
        "MACHI_CACHE_DIR",
        "MACHI_DEBIAN_MIRROR",
        "MACHI_KEY",
    }
    named = set(re.findall(r"MACHI_[A-Z_]*[A-Z]", page.read_text()))
    assert named - known == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_quarantine_reason_is_explained_to_operators(language: str) -> None:
    from adapters.types import REASONS
    from devices import ingest, lookup

    reasons = {*REASONS, *ingest.REASONS, lookup.UNKNOWN_DEVICE, lookup.UNKNOWN_TOPIC}
    text = (tables.DOCS / language / "operator.md").read_text()
    assert {reason for reason in reasons if f"`{reason}`" not in text} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_served_member_of_a_subscription_is_explained_to_partners(language: str) -> None:
    from context_api.ngsild import subscription_endpoint, subscription_members, subscription_notifying
    from context_api.ngsild.contexts import core_context
    from context_api.ngsild.subscription_filters import MEMBERS

    text = (tables.DOCS / language / "subscriptions.md").read_text()
    served = subscription_members.make_readers(core_context(), 0).keys() - {"subscriptionName", "description"}
    served |= MEMBERS | subscription_members._SELECTOR | subscription_endpoint._MEMBERS
    served |= subscription_notifying._MEMBERS | set(subscription_members.TRIGGERS)
    assert {member for member in served if member not in text} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_view_is_named_to_the_staff(language: str) -> None:
    migration = tables.ROOT / "context_api/store/migrations/0005_pre_views.sql"
    views = set(re.findall(r"create view machi_views\.(\w+)", migration.read_text())) - {"term"}
    text = (tables.DOCS / language / "staff.md").read_text()
    assert {view for view in views if f"`{view}`" not in text} == set()
