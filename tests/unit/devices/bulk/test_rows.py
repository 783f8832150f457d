"""Cells as people write them, and every mistake of a file at once."""

import re

import pytest

import adapters.registry
from devices.bulk.columns import COLUMNS, PROFILE_WORDS, find_column, fold
from devices.bulk.model import MAX_FAULTS
from devices.bulk.report import describe_report, report_csv
from devices.bulk.texts import Language, choose_language, fault_codes, say
from devices.catalog import built_in_profiles
from tests.unit.devices.bulk.tables import codes, csv_file, read


def test_full_width_signs_and_blanks_are_what_they_mean() -> None:
    header = "　ＩＤ ,プロファイル,名称,緯　度,経度,送信間隔（秒）"
    row = "ａｑ－００１,ｎｏｉｓｅ, 本町　１丁目 ,３５．７５,１３９．５,６００"
    data = csv_file(header, row)
    [entry], report = read(data)
    assert codes(report) == []
    assert entry.id == "aq-001"
    assert entry.given == {
        "profile": "noise",
        "name": "本町 １丁目",
        "location": {"type": "Point", "coordinates": [139.5, 35.75]},
        "expectedIntervalS": 600,
    }


@pytest.mark.parametrize(
    ("column", "cell", "member", "value"),
    [
        ("kind", "ゲートウェイ", "kind", "gateway"),
        ("プロファイル", "騒音", "profile", "noise"),
        ("プロファイル", "騒音2", "profile", "騒音2"),
        ("形式", "tts_v3", "adapter", "tts_v3"),
        ("タグ", "学校, 屋外、学校", "tags", ["学校", "屋外"]),
        ("設置日", "2026/1/5", "installedAt", "2026-01-04T15:00:00Z"),
        ("設置日", "2026-01-05T09:30:00Z", "installedAt", "2026-01-05T09:30:00Z"),
        ("送信間隔", "0.5", "expectedIntervalS", 0.5),
        ("属性:totalSpotNumber", "１２０", "static", {"totalSpotNumber": 120}),
        ("static.open", "true", "static", {"open": True}),
        ("static:zone", '{"a": [1]}', "static", {"zone": {"a": [1]}}),
        ("static:code", "007", "static", {"code": "007"}),
        ("名称", "-", "name", None),
        ("名称", "－", "name", None),
    ],
)
def test_a_cell_becomes_a_member(column: str, cell: str, member: str, value: object) -> None:
    [entry], report = read(csv_file(f"id\t{column}", f"n-1\t{cell}"))
    assert codes(report) == []
    assert entry.given == {member: value}


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("id", "東村山", "id-form"),
        ("id", "a" * 65, "id-form"),
        ("id", "../../etc", "id-form"),
        ("name", "=1+1", "formula"),
        ("name", "x" * 201, "text-form"),
        ("name", "a\u202eb", "text-form"),
        ("name", "x" * 5_000, "cell-long"),
        ("lat", "北", "number"),
        ("lat", "nan", "number"),
        ("lat", "1_0", "number"),
        ("interval", "0", "interval-range"),
        ("interval", "1e9", "interval-range"),
        ("kind", "thing", "choice"),
        ("adapter", "morse", "choice"),
        ("installed", "2026-13-01", "date"),
        ("installed", "99999-1-1", "date"),
        ("tags", " ".join(f"t{n}" for n in range(40)), "tags-form"),
        ("static:a", "[1", "rule"),
    ],
)
def test_a_wrong_cell_is_a_fault(column: str, cell: str, code: str) -> None:
    header = "id" if column == "id" else f"id\t{column}"
    row = cell if column == "id" else f"n-1\t{cell}"
    entries, report = read(csv_file(header, row))
    assert entries == []
    assert [fault.code for fault in report.faults] == [code]
    assert report.faults[0].column == column


@pytest.mark.parametrize(
    ("latitude", "longitude", "faults"),
    [
        ("139.46", "35.75", [("緯度", "swapped")]),
        ("95", "100", [("緯度", "latitude-range")]),
        ("35.7", "200", [("経度", "longitude-range")]),
        ("95", "200", [("緯度", "latitude-range"), ("経度", "longitude-range")]),
        ("35.7", "", [("経度", "half-location")]),
        ("", "139.4", [("緯度", "half-location")]),
        ("x", "139.4", [("緯度", "number")]),
    ],
)
def test_places_that_are_none(latitude: str, longitude: str, faults: list[tuple[str, str]]) -> None:
    entries, report = read(csv_file("id,緯度,経度", f"n-1,{latitude},{longitude}"))
    assert entries == []
    assert [(fault.column, fault.code) for fault in report.faults] == faults


def test_all_mistakes_are_found_at_once() -> None:
    data = csv_file(
        "id,profile,latitude,longitude,profil",
        "n-1,noise,139.4,35.7,",
        "n 2,noise,x,y,",
        "n-3,noise,35.7,139.4,",
        "n-3,noise,35.7,139.4,,one too many",
        ",noise,35.7,139.4,",
    )
    entries, report = read(data)
    assert [entry.id for entry in entries] == ["n-3"]
    assert codes(report) == [
        (1, "profil", "column-unknown-close"),
        (2, "latitude", "swapped"),
        (3, "id", "id-form"),
        (3, "latitude", "number"),
        (3, "longitude", "number"),
        (5, None, "cells-many"),
        (5, "id", "id-twice"),
        (6, "id", "required"),
    ]
    assert (report.rows, report.faulty, report.errors, report.warnings) == (5, 4, 7, 1)
    swapped = report.faults[1]
    assert (
        say(swapped.code, swapped.values, Language.JA).mend == "緯度に 35.7、経度に 139.4 と書いてください。"
    )


def test_faults_are_bounded_and_counted() -> None:
    _, report = read(csv_file("id,lat,lon", *["?,x,y"] * (MAX_FAULTS + 50)))
    assert len(report.faults) == MAX_FAULTS
    assert report.errors == 3 * (MAX_FAULTS + 50)
    assert describe_report(report, Language.EN)["faultsLeftOut"] == report.errors - MAX_FAULTS


def test_the_report_as_csv_holds_no_formula() -> None:
    _, report = read(csv_file("id,=cmd|x", "=HYPERLINK(1),1", '"@a\nb",2'))
    text = report_csv(report.faults, Language.JA).decode("utf-8-sig")
    lines = text.splitlines()
    assert lines[0] == "行,列,値,区分,内容,直し方"
    assert lines[1].startswith("1,'=cmd|x,,注意,この列は使われません。,")
    assert lines[2].startswith("2,id,'=HYPERLINK(1),エラー,デバイスIDに使えない文字があるか、長すぎます。,")
    assert lines[3].startswith("3,id,'@a b,エラー,")


def test_every_text_is_there_in_both_languages_with_the_same_values() -> None:
    class AnyValue(dict[str, str]):
        def __missing__(self, name: str) -> str:
            return f"<{name}>"

    for code in fault_codes():
        for part in (0, 1):
            ja, en = (say(code, AnyValue(), language)[part] for language in (Language.JA, Language.EN))
            assert re.search("[ぁ-ん]", ja), code
            assert not re.search("[ぁ-んァ-ヶ一-龠]", en), code
        assert say(code, AnyValue(), Language.JA) != say(code, AnyValue(), Language.EN)


def test_no_two_columns_have_one_name() -> None:
    names = [
        fold(name)
        for column in COLUMNS
        for name in {fold(each) for each in (column.member, column.ja, column.en, *column.others)}
    ]
    assert len(names) == len(set(names))
    assert find_column("ＤｅｖＥＵＩ") is find_column("gateway_device")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("ja", "ja"),
        ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ("en-GB,ja;q=0.9", "en"),
        ("fr,de;q=0.9", "en"),
        ("en;q=0.2, ja;q=0.3", "ja"),
        ("en;q=x, ja;q=0.3", "en"),
    ],
)
def test_the_language_is_the_one_preferred(header: str | None, language: str) -> None:
    assert choose_language(header) == language


def test_what_is_installed_is_looked_up_once_and_not_per_row(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def look(*, group: str) -> list[str]:
        calls.append(group)
        return []

    adapters.registry._foreign.cache_clear()
    monkeypatch.setattr(adapters.registry, "entry_points", look)
    try:
        read(csv_file("id,adapter", *[f"n-{number},native" for number in range(100)]))
    finally:
        adapters.registry._foreign.cache_clear()
    assert calls == ["machi.adapters"]


def test_japanese_words_for_profiles_lead_to_profiles_that_there_are() -> None:
    assert set(PROFILE_WORDS.values()) <= set(built_in_profiles())
