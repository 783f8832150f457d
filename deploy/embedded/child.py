"""One child process: started so that it does not outlive us, stopped politely, then firmly."""

import ctypes
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.embedded.errors import NotStarted

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _prepare(parent: int, death_signal: int, files: tuple[int, int] | None) -> Callable[[], None]:
    """Runs in the child between fork and exec: nothing here may import or allocate much."""

    def prepare() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, files)
        if os.getppid() != parent:  # the parent died before prctl
            os._exit(1)

    return prepare


def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: int | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    open_files: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in its own session (a Ctrl-C reaches it through us only), output appended to `log`.

    `death_signal` is what the kernel sends it when we are killed: the calling thread must live as long as the
    child should. `open_files` is the child's limit of those, as far as the system lets us.
    """
    output = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(  # noqa: S603 - argv lists of ours, no shell
            [str(argument) for argument in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            user=user,
            group=user,
            extra_groups=[] if user is not None else None,
            start_new_session=True,
            preexec_fn=_prepare(os.getpid(), death_signal, _limits(open_files)),  # noqa: PLW1509 - syscalls
        )
    finally:
        os.close(output)


def _limits(open_files: int | None) -> tuple[int, int] | None:
    """Give the soft and the hard limit; the hard one stays, since nobody could raise it again."""
    if open_files is None:
        return None
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (open_files if hard == resource.RLIM_INFINITY else min(open_files, hard), hard)


def stop(
    process: subprocess.Popen[bytes], stop_signal: signal.Signals = signal.SIGTERM, grace_s: float = 5
) -> bool:
    """Ask the child to end, kill it after `grace_s`. True when it went by itself."""
    if process.poll() is not None:
        return True
    process.send_signal(stop_signal)
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def wait_until(
    ready: Callable[[], bool],
    process: subprocess.Popen[bytes],
    *,
    name: str,
    timeout_s: float,
    log: Path | None = None,
) -> None:
    """Wait for a child to be ready; NotStarted, with the end of its log, when it ends or takes too long."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        if process.poll() is not None:
            raise NotStarted(f"{name} ended at once (exit code {process.returncode}).{_tail(log)}")
        if time.monotonic() > deadline:
            stop(process)
            raise NotStarted(f"{name} was not ready after {timeout_s:g} s.{_tail(log)}")
        time.sleep(0.02)


def _tail(log: Path | None, lines: int = 5) -> str:
    """The last lines of a log, for an error message."""
    if log is None or not log.exists():
        return ""
    last = log.read_text(errors="replace").splitlines()[-lines:]
    return f" Its last words ({log}):\n  " + "\n  ".join(last) if last else ""
