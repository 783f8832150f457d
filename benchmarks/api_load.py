"""wrk as the load of the API's benchmark: what it sends, and what it saw."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# What every script has: numbers that no other request of the run has, and a last word in JSON.
_PRELUDE = """
local number = 0
function init(args) math.randomseed(SEED) end
function done(summary, latency, requests)
  local e = summary.errors
  io.stderr:write(string.format(
    '{"requests": %d, "us": %d, "refused": %d, "broken": %d, "p50_us": %d, "p95_us": %d, "p99_us": %d}',
    summary.requests, summary.duration, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
local headers = { ["Content-Type"] = "application/json" }
"""


@dataclass(frozen=True)
class Load:
    """What one case saw, over all processes that sent it."""

    answered: int
    """With a status below 400."""
    refused: int
    broken: int
    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


def get_by_id(path: str, entities: int) -> str:
    """Any of the entities; `path` has %07d where the number is."""
    return f"""
function request()
  return wrk.format('GET', string.format('{path}', math.random(0, {entities} - 1)))
end"""


def get(path: str) -> str:
    """The same again and again."""
    return f"function request() return wrk.format('GET', {json.dumps(path)}) end"


def patch(path: str, entities: int, second: int) -> str:
    """One attribute of any entity, measured at a time that no other request of this process has."""
    return f"""
function request()
  number = number + 1
  local at = os.date('!%Y-%m-%dT%H:%M:%S', {second} + math.floor(number / 1000))
  local value = math.random() * 50
  local body = string.format('{{"value": %.3f, "observedAt": "%s.%03dZ"}}', value, at, number % 1000)
  return wrk.format('PATCH', string.format('{path}', math.random(0, {entities} - 1)), headers, body)
end"""


def create(path: str, template: str) -> str:
    """A new entity; the template has @ID@."""
    return f"""
local template = [==[{template}]==]
function request()
  number = number + 1
  local body = string.gsub(template, '@ID@', 'new-' .. SEED .. '-' .. number, 1)
  return wrk.format('POST', '{path}', headers, body)
end"""


def upsert_new(path: str, template: str, size: int) -> str:
    """A batch of new entities; the template has @ID@."""
    return f"""
local template = [==[{template}]==]
function request()
  local parts = {{}}
  for index = 1, {size} do
    number = number + 1
    parts[index] = string.gsub(template, '@ID@', 'more-' .. SEED .. '-' .. number, 1)
  end
  return wrk.format('POST', '{path}', headers, '[' .. table.concat(parts, ',') .. ']')
end"""


def upsert_again(path: str, file: Path, size: int, second: int) -> str:
    """A batch of the entities in `file` (one a line), measured anew: @AT@ is a later second each time."""
    return f"""
local lines = {{}}
for line in io.lines('{file}') do lines[#lines + 1] = line end
function request()
  local parts = {{}}
  number = number + 1
  local at = os.date('!%Y-%m-%dT%H:%M:%SZ', {second} + number)
  local first = (SEED - 1) * math.floor(#lines / 2) + number * {size}
  for index = 1, {size} do
    parts[index] = string.gsub(lines[(first + index) % #lines + 1], '@AT@', at)
  end
  return wrk.format('POST', '{path}', headers, '[' .. table.concat(parts, ',') .. ']')
end"""


def run(script: str, urls: Sequence[str], *, connections: int, seconds: int) -> Load:
    """Send a script to every URL at once, `connections` in all; the latencies are those of the slowest."""
    with tempfile.TemporaryDirectory() as folder:
        processes = []
        for seed, url in enumerate(urls, 1):
            file = Path(folder) / f"{seed}.lua"
            file.write_text(f"local SEED = {seed}\n{_PRELUDE}\n{script}\n", encoding="utf-8")
            each = max(1, connections // len(urls))
            command = ["wrk", "-t1", f"-c{each}", f"-d{seconds}s", "--timeout", "20s", "-s", str(file), url]
            processes.append(
                subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            )
        said = [process.communicate(timeout=seconds + 60)[1] for process in processes]
    return _sum_up([json.loads(text[text.index("{") :]) for text in said])


def _sum_up(seen: Sequence[dict[str, int]]) -> Load:
    return Load(
        answered=sum(one["requests"] - one["refused"] for one in seen),
        refused=sum(one["refused"] for one in seen),
        broken=sum(one["broken"] for one in seen),
        rate=sum((one["requests"] - one["refused"]) / one["us"] * 1e6 for one in seen),
        p50_ms=max(one["p50_us"] for one in seen) / 1000,
        p95_ms=max(one["p95_us"] for one in seen) / 1000,
        p99_ms=max(one["p99_us"] for one in seen) / 1000,
    )
