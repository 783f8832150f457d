"""How long the broker is left alone between two changes of its files."""

import pytest

from deploy.credential_sync import rest_s


@pytest.mark.parametrize(
    ("work_s", "since_s", "expected_s"),
    [
        (0.0, 0.0, 0.0),  # nothing had changed
        (0.002, 0.0, 0.02),  # a small town hardly waits
        (0.002, 0.1, 0.0),
        (0.05, 0.2, 0.3),
        (0.5, 0.2, 0.8),  # never more than a second after it began
    ],
)
def test_a_change_that_takes_long_is_followed_by_a_long_rest(
    work_s: float, since_s: float, expected_s: float
) -> None:
    assert rest_s(work_s, since_s) == pytest.approx(expected_s)


def test_while_an_import_registers_the_broker_reads_its_files_every_ten_seconds() -> None:
    assert rest_s(0.002, 1.0, is_importing=True) == pytest.approx(9.0)
    assert rest_s(0.5, 10.0, is_importing=True) == 0.0
    assert rest_s(0.0, 0.0, is_importing=True) == 0.0
