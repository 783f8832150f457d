"""The query language: what is read, what is refused, and what it says of an entity (clause 4.9)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_api.ngsild.errors import BadRequestData, NgsiLdError, OperationNotSupported, TooComplexQuery
from context_api.ngsild.model import Entity
from context_api.ngsild.query import linked_depth, matches, names_an_attribute, parse_q
from context_api.ngsild.query.conditions import (
    Both,
    Compares,
    Condition,
    Either,
    Equals,
    Exists,
    Hop,
    Literal,
    LiteralKind,
    Matches,
    Operator,
    Path,
    Range,
)
from tests.unit.ngsild.builders import CORE, ROOM, SECOND, T0, name, room

A, B, C = Path((name("a"),)), Path((name("b"),)), Path((name("c"),))


def number(value: float) -> Literal:
    return Literal(LiteralKind.NUMBER, value)


def text(value: str) -> Literal:
    return Literal(LiteralKind.TEXT, value)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a", Exists(A)),
        ("!a", Exists(A, negated=True)),
        ("a==20", Equals(A, (number(20),))),
        ("a!=-1.5e3", Equals(A, (number(-1500.0),), negated=True)),
        ('a=="x;y|z),"', Equals(A, (text("x;y|z),"),))),
        (r'a=="\"é\u00e9"', Equals(A, (text('"éé'),))),
        ("a==true", Equals(A, (Literal(LiteralKind.FLAG, True),))),
        ("a==urn:x:1", Equals(A, (Literal(LiteralKind.URI, "urn:x:1"),))),
        ("a==https://x.org/a?b=c#d", Equals(A, (Literal(LiteralKind.URI, "https://x.org/a?b=c#d"),))),
        ('a==1,"x",2..3', Equals(A, (number(1), text("x"), Range(number(2), number(3))))),
        ("a==1.5..2.5", Equals(A, (Range(number(1.5), number(2.5)),))),
        ('a=="b".."d"', Equals(A, (Range(text("b"), text("d")),))),
        ("a>=1", Compares(A, Operator.GREATER_OR_EQUAL, number(1))),
        ("a<2020-02-29", Compares(A, Operator.LESS, Literal(LiteralKind.DATE, "2020-02-29"))),
        ("a>12:00:01.5Z", Compares(A, Operator.GREATER, Literal(LiteralKind.TIME, 43_201_500_000))),
        (
            "a<=1970-01-01T00:00:01Z",
            Compares(A, Operator.LESS_OR_EQUAL, Literal(LiteralKind.DATETIME, SECOND)),
        ),
        ('a~="^x\\d"', Matches(A, r"^x\d")),
        ("a~=^(x|y);b", Both((Matches(A, "^(x|y)"), Exists(B)))),
        ('a!~="\\"q"', Matches(A, '"q', negated=True)),
        ("a.b.observedAt", Exists(Path((name("a"), name("b"), name("observedAt"))))),
        ("a[x.y]", Exists(Path((name("a"),), ("x", "y")))),
        ("a[zh-Hant]", Exists(Path((name("a"),), ("zh-Hant",)))),
        ("a[*]==1", Equals(Path((name("a"),), ("*",)), (number(1),))),
        ("気温>1", Compares(Path((name("気温"),)), Operator.GREATER, number(1))),
        ("a{b}", Exists(Path((name("b"),), (), (Hop(name("a")),)))),
        (
            "a{T,U:b{c.d[e]}}==1",
            Equals(
                Path(
                    (name("c"), name("d")), ("e",), (Hop(name("a"), (name("T"), name("U"))), Hop(name("b")))
                ),
                (number(1),),
            ),
        ),
        ("a|b;c", Either((Exists(A), Both((Exists(B), Exists(C)))))),
        ("(a|b);c", Both((Either((Exists(A), Exists(B))), Exists(C)))),
        ("((a))", Exists(A)),
        ("(a>=20;a<=25)|!b", Either((
            Both((
                Compares(A, Operator.GREATER_OR_EQUAL, number(20)),
                Compares(A, Operator.LESS_OR_EQUAL, number(25)),
            )),
            Exists(B, negated=True),
        ))),
    ],
)  # fmt: skip
def test_what_is_read(written: str, expected: Condition) -> None:
    read = parse_q(written, CORE)
    assert read == expected
    kept = msgspec.json.encode(read)
    assert msgspec.json.decode(kept, type=Condition) == expected


@pytest.mark.parametrize(
    "written",
    [
        "", "a==", "a=1", "a===1", "==1", "a==1;", "|a", "a;;b", "(a", "a)", "()", "a b", "a ==1", "1a", "_a",
        "a..b", "a.", "a[", "a[]", "a[b", "a[b]c", "a[b][c]", "a{", "a{}", "a{b", "a}", "a{T:}", "a>1..2",
        "a>1,2", "a>true", "a<urn:x", 'a=="x', 'a=="\\x"', 'a=="\t"', 'a=="\\ud800"', 'a=="\\u0000"', "a\0",
        "a==1..", "a==..2", 'a==1.."x"', "a==true..false", "a==2020-13-01", "a==2020-01-01T00:00:00",
        "a==2020-01-01T00:00:00+09:00", "a==25:00:00Z", "a==1e999", 'a~=""', "a~=", 'a~="("', 'a~="(?=x)"',
        "id==1", "type", "!(a)", "a==1,,2",
    ],
)  # fmt: skip
def test_what_is_refused(written: str) -> None:
    with pytest.raises(BadRequestData):
        parse_q(written, CORE)


@pytest.mark.parametrize(
    "written",
    [
        "a;" * 200 + "a",
        "(" * 21 + "a" + ")" * 21,
        "a." * 17 + "b",
        "a{" * 17 + "b" + "}" * 17,
        "a==" + "1," * 300 + "1",
        "a" * 10_000,
        'a~="(x+)+"',
        'a~="x*y*z*x*y*"',
    ],
)
def test_what_is_too_complex(written: str) -> None:
    with pytest.raises(TooComplexQuery):
        parse_q(written, CORE)


@given(st.text(st.sampled_from('ab1.;|()[]{}!=<>~,"\\:T-Z* '), max_size=30) | st.text(max_size=20))
def test_any_text_is_read_or_refused(written: str) -> None:
    try:
        parse_q(written, CORE)
    except NgsiLdError as error:
        assert isinstance(error, BadRequestData | TooComplexQuery)


CAR = room(
    speed={"type": "Property", "value": 55, "observedAt": "2026-11-23T09:00:00Z", "unitCode": "KMH",
           "source": {"type": "Property", "value": "GPS", "accuracy": {"type": "Property", "value": 0.9}}},
    brandName={"type": "Property", "value": "Mercedes"},
    isParked={"type": "Relationship", "object": "urn:ngsi-ld:OffStreetParking:Downtown1"},
    drivers={"type": "Relationship", "object": ["urn:p:1", "urn:p:2"]},
    open={"type": "Property", "value": False},
    colors={"type": "Property", "value": ["blue", "red", 7]},
    address={"type": "Property", "value": {"city": "Berlin", "geo": {"x": 1}, "nothing": None}},
    label={"type": "LanguageProperty", "languageMap": {"fr": "rouge", "en": ["red", "cat"]}},
    gender={"type": "VocabProperty", "vocab": "Male"},
    raw={"type": "JsonProperty", "json": {"value": "Overstay 60 minutes"}},
    levels={"type": "ListProperty", "valueList": [1, 2, [3]]},
    route={"type": "ListRelationship", "objectList": ["urn:s:1", "urn:s:2"]},
    bought={"type": "Property", "value": "2017-12-24T12:00:00.50Z"},
    since={"type": "Property", "value": {"@type": "Date", "@value": "2017-12-24"}},
    opens={"type": "Property", "value": "09:00:00Z"},
    depth=[
        {"type": "Property", "value": 1},
        {"type": "Property", "value": 5, "datasetId": "urn:d:2"},
    ],
)  # fmt: skip


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("speed", True), ("!speed", False), ("none", False), ("!none", True), ("speed==55", True),
        ("speed==55.0", True), ("speed!=55", False), ('speed=="55"', False), ('speed!="55"', True),
        ("speed>54.9", True), ("speed>55", False), ("speed>=55", True), ("speed<55", False),
        ("speed==50..55", True), ("speed!=50..55", False), ("speed==1,2,55", True), ("speed!=1,2", True),
        ("none!=1", False), ("speed.source==\"GPS\"", True), ("speed.source.accuracy<1", True),
        ("speed.other", False), ("!speed.other", True), ("speed.observedAt==2026-11-23T09:00:00.000Z", True),
        ("speed.observedAt>2026-11-23T09:00:00Z", False), ('speed.unitCode=="KMH"', True),
        ("brandName.observedAt", False), ("speed.observedAt==55", False), ("speed.observedAt!=55", True),
        ('speed.observedAt>="2026-11-23T08:00:00Z"', True), ('speed.observedAt>="x"', False),
        ('brandName=="Mercedes"', True), ('brandName>"M"', True), ('brandName>"Merd"', False),
        ("brandName==Mercedes", True), ("brandName>1", False), ("brandName!=1", True),
        ('brandName~="^Mer.*s$"', True), ('brandName!~="^Mer"', False), ('brandName~="cede"', True),
        ('speed~="5"', False), ('speed!~="7"', False), ('brandName=="A".."Z"', True),
        ("isParked==urn:ngsi-ld:OffStreetParking:Downtown1", True),
        ('isParked=="urn:ngsi-ld:OffStreetParking:Downtown1"', True), ('isParked>"a"', False),
        ('isParked~="urn"', False), ("isParked!=urn:x", True), ("drivers==urn:p:2", True),
        ("drivers!=urn:p:2", False), ("drivers!=urn:p:3", True), ("route==urn:s:2", True),
        ("open==false", True), ("open==true", False), ("open==0", False), ("open!=true", True),
        ('colors=="red"', True), ("colors==7", True), ('colors!="red"', False), ('colors!="green"', True),
        ('colors>"a"', False), ('colors~="red"', False), ("colors==6..8", True),
        ('address[city]=="Berlin"', True), ("address[geo.x]==1", True), ("address[geo.y]", False),
        ("address[zip]!=1", False), ("!address[zip]", True), ("address[nothing]", True),
        ("address[nothing]!=1", True), ("address[city.x]", False), ('address=="Berlin"', False),
        ("address!=1", True), ('label[fr]=="rouge"', True), ('label[en]=="rouge"', False),
        ('label[*]=="rouge"', True), ('label=="cat"', True), ('label[en]=="cat"', True),
        ('label[*]!="red"', False), ('label[fr]!="red"', True), ('label[de]!="red"', False),
        ('label[*]~="^ro"', True), ('label!~="^ro"', False), ('label>"s"', False), ('label>"rof"', True),
        ("label[de]", False), ("label", True),
        (f'gender=="{name("Male")}"', True), (f"gender=={name('Male')}", True), ("gender==Male", False),
        ('raw[value]=="Overstay 60 minutes"', True), ("levels==2", True), ("levels==3", False),
        ("bought==2017-12-24T12:00:00.500Z", True), ("bought<2017-12-24T12:00:01Z", True),
        ('bought=="2017-12-24T12:00:00.500Z"', False), ("bought>2017-12-24", False),
        ("since==2017-12-24", True), ("since>=2018-01-01", False), ("since==2017-01-01..2017-12-31", True),
        ("opens>08:59:59Z", True), ("opens==09:00:00.0Z", True),
        ("depth==1", True), ("depth==5", True), ("depth!=1", True), ("depth>4;depth<2", True),
        ("depth.datasetId==urn:d:2", True), (f"modifiedAt>={'2026-01-01T00:00:00Z'}", True),
        ("createdAt<2000-01-01T00:00:00Z", False), ("expiresAt", False), ("observedAt", False),
        ("speed>50;brandName==\"Mercedes\"", True), ("speed>60|brandName==\"Mercedes\"", True),
        ("speed>60|none;speed", False), ("(speed>60|speed);!none", True),
    ],
)  # fmt: skip
def test_what_it_says_of_an_entity(written: str, expected: bool) -> None:
    assert matches(parse_q(written, CORE), CAR) is expected


def test_values_are_expanded_where_that_is_asked_for() -> None:
    assert matches(parse_q("gender==Male", CORE, expand_values=["gender"]), CAR)
    assert matches(parse_q('gender=="Male","Female"', CORE, expand_values=["gender"]), CAR)
    assert not matches(parse_q("brandName==Mercedes", CORE, expand_values=["brandName"]), CAR)


def test_linked_entities_are_come_by_through_the_resolver() -> None:
    sensor = room(humidity=40, isIn={"type": "Relationship", "object": "urn:room:9"})
    sensor = msgspec.structs.replace(sensor, id="urn:s:1", types=(name("Device"),))
    place = msgspec.structs.replace(room(floor=3), id="urn:room:9")
    known = {one.id: one for one in (sensor, place)}
    station = room(sensor={"type": "Relationship", "object": ["urn:s:0", "urn:s:1"]}, plain="urn:s:1")

    def resolve(ids: Sequence[str]) -> Mapping[str, Entity]:
        return {one: known[one] for one in ids if one in known}

    def judge(written: str) -> bool:
        return matches(parse_q(written, CORE), station, resolve)

    assert judge("sensor{humidity}==40")
    assert judge("sensor{Device:humidity}==40")
    assert judge("sensor{Station,Device:humidity}")
    assert not judge("sensor{Station:humidity}")
    assert not judge("sensor{humidity}!=40")
    assert judge("!sensor{temperature}")
    assert judge("sensor{isIn{floor}}==3")
    assert not judge("plain{humidity}")
    with pytest.raises(OperationNotSupported):
        matches(parse_q("sensor{humidity}", CORE), station)
    assert linked_depth(parse_q("a|b{c{d}}", CORE)) == 2


@pytest.mark.parametrize(
    ("written", "expected"),
    [("a", True), ("createdAt>2020-01-01T00:00:00Z", False), ("modifiedAt;a", True), ("createdAt{x}", True)],
)
def test_what_is_narrow_enough(written: str, expected: bool) -> None:
    assert names_an_attribute(parse_q(written, CORE)) is expected


def test_system_times_of_the_entity() -> None:
    entity: Any = Entity(id=ROOM, types=(name("Room"),), attributes={}, created_at=T0, modified_at=T0 + 1)
    assert matches(parse_q("createdAt<2027-01-01T00:00:00Z;modifiedAt", CORE), entity)
    assert matches(parse_q('createdAt>"2020-01-01T00:00:00Z"', CORE), entity)
    assert not matches(parse_q("createdAt[x]", CORE), entity)
