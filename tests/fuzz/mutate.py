"""Fuzz by seeded mutation: sound inputs are damaged in many ways, and must give a result or a typed error.

    python tests/fuzz/mutate.py --seconds 60 --seed 1 [--targets png archive]

The same seed makes the same inputs. What fails is written beside, with the command that tries it again:
``python tests/fuzz/mutate.py --targets png --input failed-png-….bin``.
"""

import argparse
import json
import random
import resource
import signal
import struct
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.fuzz.seeds import SEEDS, chunk
from tests.fuzz.targets import TARGETS

#: One input may take this long and this much more memory than all before it.
SECONDS, MEGABYTES = 20, 1500
WORDS = [
    b"..",
    b"/",
    b"\n",
    b"\0",
    b"\xff",
    b"-1",
    b"999999999999",
    b"null",
    b"[" * 3000,
    b"{}",
    b"NaN",
    b"1e999",
    b"\\",
]
NUMBERS = [0, 1, 255, 256, 0x7FFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


def damage(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """One to eight small changes: bits, bytes, numbers, words, pieces lost, doubled or taken from another input."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 8])):
        at = rng.randrange(len(out) + 1)
        how = rng.randrange(8)
        if how == 0 and out:
            out[at % len(out)] ^= 1 << rng.randrange(8)
        elif how == 1 and out:
            out[at % len(out)] = rng.randrange(256)
        elif how == 2:
            out[at : at + 4] = rng.choice(NUMBERS).to_bytes(4, rng.choice(["big", "little"]))
        elif how == 3:
            out[at:at] = rng.choice(WORDS)
        elif how == 4:
            del out[at : at + rng.randrange(1, 40)]
        elif how == 5:
            out[at:at] = out[at : at + rng.randrange(1, 40)] * rng.choice([1, 2, 50])
        elif how == 6:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            out[at : at + rng.randrange(40)] = other[start : start + rng.randrange(80)]
        else:
            del out[at:]
    return bytes(out)


def damaged_png(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Half of the time the checksums are made right again, or no damage would come past them."""
    if rng.random() < 0.3 or len(data) < 50:
        return damage(data, rng, others)
    chunks, at = [], 8
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        chunks.append([data[at + 4 : at + 8], data[at + 8 : at + 8 + size]])
        at += 12 + size
    picked = rng.choice(chunks)
    if picked[0] == b"IDAT" and rng.random() < 0.7:
        picked[1] = zlib.compress(damage(zlib.decompress(picked[1]), rng, others))
    elif picked[0] == b"IHDR" and rng.random() < 0.7:
        picked[1] = struct.pack(
            ">IIBBBBB",
            *(rng.choice([0, 1, 8, 17, 300, 8192, 1 << 31, 0xFFFFFFFF]) for _ in range(2)),
            rng.choice([1, 2, 4, 8, 16, 3]), rng.choice([0, 2, 3, 4, 6, 9]), 0, 0, rng.choice([0, 1]),
        )  # fmt: skip
    else:
        picked[1] = damage(picked[1], rng, others)
    if rng.random() < 0.1:
        rng.shuffle(chunks)
    return data[:8] + b"".join(chunk(kind, body) for kind, body in chunks)


def damaged_json(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Half of the time one value is replaced and the document stays sound."""
    if rng.random() < 0.4:
        return damage(data, rng, others)
    document = json.loads(data)
    strange = [None, -1, 0, 1 << 40, 1 << 70, 0.5, "", "..", "a/../b", "\n", "\ud800", "x" * 3000, [], {}, [[]], True]
    node, keys = document, []
    while isinstance(node, dict | list) and node and (not keys or rng.random() < 0.85):
        keys.append((node, rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))))
        node = keys[-1][0][keys[-1][1]]
    parent, key = keys[-1]
    if isinstance(parent, dict) and rng.random() < 0.3:
        parent[rng.choice(["..", "\n", "1", "01", "", "9" * 5000, "x"])] = parent.pop(key)
    else:
        parent[key] = rng.choice([*strange, node if not isinstance(node, list) else node * 50])
    return json.dumps(document).encode()


def damaged_run(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Damage within one of the three files."""
    size = int.from_bytes(data[:4], "little")
    if rng.random() < 0.5:
        body = damaged_json(data[4 : 4 + size], rng, others)
        return len(body).to_bytes(4, "little") + body + data[4 + size :]
    return data[: 4 + size] + damage(data[4 + size :], rng, others)


DAMAGE: dict[str, Callable[[bytes, random.Random, list[bytes]], bytes]] = {
    "png": damaged_png, "archive": damage, "instances": damaged_json, "meta": damaged_json, "run": damaged_run,
    "labels": damage,
}  # fmt: skip


def fuzz(name: str, seconds: float, seed: int) -> tuple[int, int, int]:
    """Inputs tried, taken, and failed."""
    rng, seeds = random.Random(f"{seed} {name}"), SEEDS[name]()
    tried = taken = failed = 0
    most = _peak()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = DAMAGE[name](rng.choice(seeds), rng, seeds) if tried >= len(seeds) else seeds[tried]
        problem = attempt(name, data)
        if isinstance(problem, str):
            failed += 1
            path = Path(f"failed-{name}-{zlib.crc32(data):08x}.bin")
            path.write_bytes(data)
            print(f"{name}: {problem}\n  see {path}", flush=True)
        else:
            taken += problem
        tried += 1
        if _peak() > most + MEGABYTES:
            Path(f"large-{name}-{zlib.crc32(data):08x}.bin").write_bytes(data)
            print(f"{name}: an input took {_peak() - most:.0f} MB", flush=True)
            failed += 1
        most = max(most, _peak())
    return tried, taken, failed


def attempt(name: str, data: bytes) -> bool | str:
    """Was it taken? Or what went wrong."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        return TARGETS[name](data)
    except Exception as error:
        import traceback

        return f"{type(error).__name__}: {error}\n{''.join(traceback.format_tb(error.__traceback__)[-3:])}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _hang(*_: object) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Fuzz all targets in turn, and end with 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="for each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--targets", nargs="*", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--input", type=Path, help="try this file alone")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, _hang)
    if options.input:
        print(attempt(options.targets[0], options.input.read_bytes()))
        return
    import vosbench

    print(f"fuzzing {Path(vosbench.__file__).parent}", flush=True)
    bad = 0
    for name in options.targets:
        start = time.monotonic()
        tried, taken, failed = fuzz(name, options.seconds, options.seed)
        print(f"{name}: {tried} inputs in {time.monotonic() - start:.0f} s, {taken} taken, {failed} failed", flush=True)
        bad += failed
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
