"""A chain that was tampered with in any way is found out, at the first entry that is not as it was."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_api.store.audit_chain import (
    GENESIS,
    Anchor,
    Fault,
    Finding,
    Link,
    Verifier,
    hash_of,
    repeated_of,
)

_CHAIN = 3


def link(number: int, previous: bytes, body: str, at: int | None = None) -> Link:
    when = number * 10 if at is None else at
    hash_ = hash_of(previous, _CHAIN, number, when, body)
    return Link(_CHAIN, number, when, body, previous, hash_, repeated_of(body))


def chain(length: int, first: int = 1) -> list[Link]:
    links: list[Link] = []
    previous = GENESIS
    for number in range(1, first + length):
        links.append(link(number, previous, entry(number)))
        previous = links[-1].hash
    return links[first - 1 :]


def entry(number: int, **more: object) -> str:
    said = {
        "principal": "key:a",
        "verb": "change",
        "kind": "thing",
        "id": f"thing-{number}",
        "outcome": "done",
    }
    return msgspec.json.encode(said | more, order="sorted").decode()


def judge(
    links: Sequence[Link], *, anchors: Sequence[Anchor] = (), head: Anchor | None = None
) -> Finding | None:
    verifier = Verifier(_CHAIN, anchors, head)
    for one in links:
        if not verifier.read([one]):
            break
    return verifier.finish()


def end(links: Sequence[Link]) -> Anchor:
    return Anchor(_CHAIN, links[-1].number, links[-1].hash)


def relink(links: Sequence[Link]) -> list[Link]:
    """Make all hashes anew, as the database's owner can."""
    made: list[Link] = []
    previous = GENESIS
    for number, one in enumerate(links, 1):
        made.append(link(number, previous, one.body, one.at))
        previous = made[-1].hash
    return made


def test_a_whole_chain_holds() -> None:
    links = chain(20)
    assert judge(links, anchors=[end(links[:7]), end(links)], head=end(links)) is None
    assert judge([]) is None


@given(st.data())
def test_a_changed_entry_is_named(data: st.DataObject) -> None:
    links = chain(data.draw(st.integers(1, 12)))
    victim = data.draw(st.integers(0, len(links) - 1))
    member = data.draw(st.sampled_from(["body", "at", "previous", "hash", "repeated"]))
    one = links[victim]
    hashes = st.binary(min_size=32, max_size=32)
    changed: dict[str, object] = {
        "body": data.draw(st.text().filter(lambda text: text != one.body)),
        "at": one.at + data.draw(st.integers(1, 9)),
        "previous": data.draw(
            st.binary(min_size=32, max_size=32).filter(lambda hash_: hash_ != one.previous)
        ),
        "hash": data.draw(hashes.filter(lambda hash_: hash_ != one.hash)),
        "repeated": ("key:b", *one.repeated[1:]),
    }
    links[victim] = replace(one, **{member: changed[member]})  # type: ignore[arg-type]
    found = judge(links)
    assert found is not None
    assert found.number == one.number
    expected = {Fault.CHANGED, Fault.INSERTED} if member == "previous" else {Fault.CHANGED}
    assert found.fault in expected


@given(st.data())
def test_removed_entries_are_named(data: st.DataObject) -> None:
    links = chain(data.draw(st.integers(3, 12)))
    first = data.draw(st.integers(1, len(links) - 2))
    last = data.draw(st.integers(first + 1, len(links) - 1))
    found = judge(links[:first] + links[last:])
    assert found is not None
    assert (found.number, found.fault) == (links[first].number, Fault.REMOVED)


@given(st.data())
def test_an_inserted_entry_is_named(data: st.DataObject) -> None:
    links = chain(data.draw(st.integers(2, 12)))
    after = data.draw(st.integers(0, len(links) - 2))
    forged = link(links[after].number + 1, links[after].hash, entry(99), links[after].at)
    found = judge([*links[: after + 1], forged, *links[after + 1 :]])
    assert found is not None
    assert (found.number, found.fault) == (forged.number, Fault.INSERTED)


@given(st.data())
def test_swapped_entries_are_found(data: st.DataObject) -> None:
    links = chain(data.draw(st.integers(2, 12)))
    first = data.draw(st.integers(0, len(links) - 2))
    second = data.draw(st.integers(first + 1, len(links) - 1))
    one, other = links[first], links[second]
    links[first] = replace(other, number=one.number, at=one.at)
    links[second] = replace(one, number=other.number, at=other.at)
    found = judge(links)
    assert found is not None
    assert found.number == one.number


def test_an_entry_that_is_earlier_than_the_one_before_it_is_named() -> None:
    links = chain(3)
    moved = link(4, links[-1].hash, entry(4), at=1)
    found = judge([*links, moved])
    assert found is not None
    assert (found.number, found.fault) == (4, Fault.REORDERED)


@given(st.integers(2, 12), st.data())
def test_a_tail_that_was_cut_off_is_found_by_head_and_by_anchor(length: int, data: st.DataObject) -> None:
    links = chain(length)
    kept = data.draw(st.integers(0, length - 1))
    for found in (judge(links[:kept], head=end(links)), judge(links[:kept], anchors=[end(links)])):
        assert found is not None
        assert (found.number, found.fault) == (kept + 1, Fault.TAIL)


@given(st.data())
def test_a_chain_that_was_rewritten_to_fit_is_found_by_an_anchor_alone(data: st.DataObject) -> None:
    links = chain(data.draw(st.integers(2, 12)))
    victim = data.draw(st.integers(0, len(links) - 1))
    anchored = data.draw(st.integers(victim, len(links) - 1))
    forged = relink([*links[:victim], replace(links[victim], body=entry(99)), *links[victim + 1 :]])
    assert judge(forged, head=end(forged)) is None
    found = judge(forged, anchors=[end(links[: anchored + 1])], head=end(forged))
    assert found is not None
    assert (found.number, found.fault) == (anchored + 1, Fault.REWRITTEN)


def test_a_beginning_that_expired_is_attested_by_its_stub() -> None:
    links = chain(6)
    gone, kept = links[:3], links[3:]
    after = {"through": 3, "hash": gone[-1].hash.hex()}
    stub = link(7, kept[-1].hash, entry(7, verb="expire", kind="audit", after=after))
    assert judge([*kept, stub], head=end([stub])) is None
    bare = judge(kept, head=end(kept))
    assert bare is not None
    assert bare.fault is Fault.BEGINNING
    too_short = judge([*kept[1:], stub], head=end([stub]))
    assert too_short is not None
    assert too_short.fault is Fault.BEGINNING


def test_anchors_of_what_expired_and_of_other_chains_say_nothing() -> None:
    links = chain(4)
    after = {"through": 2, "hash": links[1].hash.hex()}
    stub = link(5, links[-1].hash, entry(5, verb="expire", kind="audit", after=after))
    others = [end(links[:1]), Anchor(_CHAIN + 1, 90, b"x" * 32)]
    assert judge([*links[2:], stub], anchors=others) is None


@pytest.mark.parametrize("body", ["", "no JSON", "[]", "{"])
def test_a_body_that_cannot_be_read_repeats_nothing(body: str) -> None:
    assert repeated_of(body) == ()
