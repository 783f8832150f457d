"""One-time codes against the vectors of RFC 6238, appendix B."""

import pytest

from context_api.identity import totp

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_the_vectors_of_the_rfc(seconds: int, code: str) -> None:
    assert totp.code_at(SECRET, seconds // totp.STEP_S) == code
    assert totp.find_step(SECRET, code, seconds, after=0) == seconds // totp.STEP_S


def test_a_code_counts_a_step_early_and_late_and_no_more() -> None:
    code = totp.code_at(SECRET, 1_000)
    taken = [totp.find_step(SECRET, code, step * 30.0, after=0) for step in range(997, 1_004)]
    assert taken == [None, None, 1_000, 1_000, 1_000, None, None]


def test_a_code_counts_once_and_earlier_ones_no_more() -> None:
    code = totp.code_at(SECRET, 1_000)
    assert totp.find_step(SECRET, code, 30_000.0, after=1_000) is None
    assert totp.find_step(SECRET, totp.code_at(SECRET, 999), 30_000.0, after=1_000) is None
    assert totp.find_step(SECRET, totp.code_at(SECRET, 1_001), 30_000.0, after=1_000) == 1_001


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345a", "１２３４５６", " 123456", "-12345"])
def test_what_is_no_code(text: str) -> None:
    assert totp.find_step(SECRET, text, 59.0, after=0) is None


def test_what_an_app_reads() -> None:
    uri = totp.app_uri(SECRET, issuer="東村山 Machi", account="a@b")
    assert uri == (
        "otpauth://totp/%E6%9D%B1%E6%9D%91%E5%B1%B1%20Machi:a%40b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=%E6%9D%B1%E6%9D%91%E5%B1%B1%20Machi&digits=6&period=30"
    )


def test_recovery_codes_differ_and_are_read_as_people_write_them() -> None:
    codes = totp.new_recovery_codes()
    assert len(set(codes)) == totp.RECOVERY_CODES
    assert {len(totp.plain_recovery_code(code)) for code in codes} == {16}
    assert totp.plain_recovery_code(f" {codes[0].upper().replace('-', ' ')}\n") == codes[0].replace("-", "")
