"""Which passwords may be chosen."""

import pytest

from context_api.identity.passwords import fault_of, is_common


@pytest.mark.parametrize(
    "password",
    [
        "a lantern over the canal",
        "correct horse battery staple",
        "むらやまのさくらはきれいだね",
        "x9$kQ2mvL!tR",
    ],
)
def test_good_ones(password: str) -> None:
    assert fault_of(password, name="hanako") is None


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("elevensigns", "at least 12"),
        ("x" * 257, "at most 256"),
        ("abababababab", "different characters"),
        ("a lantern\nover the canal", "control"),
        ("hanako202611", "name of its account"),
        ("Password1234", "tried first"),
    ],
)
def test_bad_ones(password: str, said: str) -> None:
    fault = fault_of(password, name="hanako@town.example")
    assert fault is not None
    assert said in fault


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "P4ssw0rd!!!!",
        "admin-admin-2026",
        "Higashimurayama2026",
        "qwertyuiopas",
        "123456789012",
        "90-5829-1147",
        "Sakura!!2026!!",
    ],
)
def test_common_ones(password: str) -> None:
    assert is_common(password)


def test_four_words_are_a_sentence() -> None:
    assert not is_common("monkey banana orange winter")
