"""Whether the installation is at work, judged by the signs of life of its processes."""

from collections.abc import Collection, Sequence

from context_api.store.heartbeat import Heartbeat


def find_reasons(beats: Sequence[Heartbeat], expected: Collection[str], limit_s: float) -> list[str]:
    """Say why the installation is not ready; empty: it is.

    A process may run several times; it counts as ready while one instance is. Why an instance is not, it says
    on its own port and in its log: that may name hosts, and this page is open to everybody.
    """
    reasons = []
    for process in expected:
        alive = [beat for beat in beats if beat.process == process and beat.age_s <= limit_s]
        if not alive:
            reasons.append(f"{process}: no heartbeat in the last {limit_s:g} s")
        elif not any(beat.ready for beat in alive):
            reasons.append(f"{process}: not ready")
    return reasons
