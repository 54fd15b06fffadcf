"""Find protocols by name: the TOML files beside this module, those of installed packages, or a file of one's own."""

from collections.abc import Collection
from functools import cache
from pathlib import Path

import msgspec

from vosbench import plugins
from vosbench.errors import UsageError, did_you_mean
from vosbench.measures.catalog import MEASURES, composites
from vosbench.protocols.spec import ProtocolSpec
from vosbench.text import as_utf8

_HERE = Path(__file__).parent


#: The entry point group of protocols from other packages: name → path of a TOML file.
GROUP = "vosbench.protocols"


@cache
def _of_packages() -> dict[str, plugins.Plugin]:
    """Listing entry points means looking at every installed package: once is enough."""
    return plugins.registered(GROUP)


def names() -> tuple[str, ...]:
    """Names of the protocols that come with vosbench or with installed packages, sorted."""
    return tuple(sorted({path.stem for path in _HERE.glob("*.toml")} | set(_of_packages())))


@cache
def load(name: str) -> ProtocolSpec:
    """The protocol called ``name``, or described by the TOML file at that path.

    Raises:
        UsageError: no such protocol, one that two packages bring, or a file that is no valid specification (with the
            offending key).
    """
    own, others = _HERE / f"{name}.toml", _of_packages()
    if own.is_file() and name in others:
        raise UsageError(
            f"{others[name].package} brings a protocol called {name!r}, which vosbench has itself", fix="rename it"
        )
    path = own if own.is_file() else Path(plugins.load(GROUP, name) if name in others else name)
    if path.suffix != ".toml" or not path.is_file():
        fix = did_you_mean(name, names()) or f"choose one of {', '.join(names())}, or a .toml file"
        raise UsageError(f"there is no protocol called {name!r}", fix=fix)
    return read(path)


def read(path: Path) -> ProtocolSpec:
    """Parse a protocol file. Raises UsageError naming the file and the key that is wrong."""
    try:
        spec = msgspec.toml.decode(as_utf8(path.read_bytes()), type=ProtocolSpec)
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise UsageError(f"{path} is not a protocol: {error}", fix="see docs/protocols.md for the keys") from error
    if unknown := [m for m in spec.rules.measures if m not in MEASURES]:
        known = ", ".join(MEASURES)
        raise UsageError(
            f"{path}: there is no measure called {unknown[0]} - at `$.rules.measures`", fix=f"use some of {known}"
        )
    if unknown := [m for m in spec.rules.headline if m not in {*spec.rules.measures, *composites(spec.rules.measures)}]:
        raise UsageError(f"{path}: the headline {unknown[0]!r} is not measured", fix="add its measures")
    return spec


def with_measures(spec: ProtocolSpec, measures: Collection[str]) -> ProtocolSpec:
    """The protocol with other measures. Raises UsageError for one that does not exist."""
    if unknown := [m for m in measures if m not in MEASURES]:
        fix = did_you_mean(unknown[0], MEASURES) or f"choose from {', '.join(MEASURES)}"
        raise UsageError(f"unknown measure {unknown[0]!r}", fix=fix)
    return msgspec.structs.replace(spec, rules=msgspec.structs.replace(spec.rules, measures=tuple(measures)))
