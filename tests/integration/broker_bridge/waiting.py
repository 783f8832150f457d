import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from broker_bridge import BridgeSettings


def wait_until(condition: Callable[[], bool], timeout_s: float = 100.0) -> None:
    """Poll until a condition holds; fails the test when it does not."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s"
        time.sleep(0.01)


def get(settings: BridgeSettings, path: str) -> tuple[int, str]:
    """Ask a bridge's own HTTP port; status 0 = nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.http_port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


def readiness(settings: BridgeSettings) -> dict[str, object]:
    """The body of /readyz; empty when nobody answers."""
    status, body = get(settings, "/readyz")
    state: dict[str, object] = json.loads(body) if status else {}
    assert state.get("ready", False) is (status == 200)
    return state


def wait_for_broker(settings: BridgeSettings) -> None:
    """Wait until a bridge is subscribed: from then on the broker queues for it."""
    wait_until(lambda: readiness(settings).get("broker") == "ok")


def metric(settings: BridgeSettings, name: str) -> float:
    """One figure of a bridge's /metrics, or all figures of that name with their labels together."""
    _, text = get(settings, "/metrics")
    lines = [line for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
    assert lines, f"no {name} in the metrics"
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
