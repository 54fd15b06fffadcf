"""Find protocols by name: the TOML files beside this module, or a file of the user's own."""

from functools import cache
from pathlib import Path

import msgspec

from vosbench.errors import UsageError
from vosbench.measures.catalog import MEASURES
from vosbench.protocols.spec import ProtocolSpec

_HERE = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Names of the protocols that come with vosbench, sorted."""
    return tuple(sorted(path.stem for path in _HERE.glob("*.toml")))


@cache
def load(name: str) -> ProtocolSpec:
    """The protocol called ``name``, or described by the TOML file at that path.

    Raises:
        UsageError: no such protocol, or a file that is no valid specification (with the offending key).
    """
    path = _HERE / f"{name}.toml" if name in names() else Path(name)
    if path.suffix != ".toml" or not path.is_file():
        raise UsageError(
            f"there is no protocol called {name!r}", fix=f"choose one of {', '.join(names())}, or a .toml file"
        )
    return read(path)


def read(path: Path) -> ProtocolSpec:
    """Parse a protocol file. Raises UsageError naming the file and the key that is wrong."""
    try:
        spec = msgspec.toml.decode(path.read_bytes(), type=ProtocolSpec)
        if unknown := set(spec.rules.measures) - set(MEASURES):
            raise ValueError(f"no measure is called {', '.join(sorted(unknown))} - at `$.rules.measures`")
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise UsageError(f"{path} is not a protocol: {error}", fix="see docs/protocols.md for the keys") from error
    return spec
