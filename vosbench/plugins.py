"""Entry points: how other packages add to vosbench. Names are listed without importing anything."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from vosbench.errors import UsageError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """One registered thing: its name, the object it points to ("package.module:object"), and where that comes from."""

    name: str
    target: str
    package: str
    version: str


def registered(group: str) -> dict[str, Plugin]:
    """The plugins of an entry point group by name, sorted.

    Raises:
        UsageError: two packages register the same name for different objects.
    """
    found: dict[str, Plugin] = {}
    for point in sorted(entry_points(group=group), key=lambda point: (point.name, point.value)):
        plugin = _plugin(point)
        other = found.setdefault(plugin.name, plugin)
        if other.target != plugin.target:
            raise UsageError(
                f"{group}: both {other.package} ({other.target}) and {plugin.package} ({plugin.target}) "
                f"register {plugin.name!r}",
                fix="uninstall one of them",
            )
    return found


def load(group: str, name: str) -> Any:
    """Import the object registered under ``name``.

    Raises:
        UsageError: no such name (the message says what there is), or its package does not import.
    """
    plugins = registered(group)
    if name not in plugins:
        there = did_you_mean(name, plugins) or f"there are: {', '.join(plugins) or 'none'}"
        raise UsageError(
            f"{group}: no {name!r}; {there}", fix="install the package that brings it, or pick another name"
        )
    plugin = plugins[name]
    try:
        return EntryPoint(name, plugin.target, group).load()
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"{group}: {name!r} of {plugin.package} {plugin.version} does not load: {error}",
            fix=f"reinstall {plugin.package} with its dependencies",
        ) from error


def _plugin(point: EntryPoint) -> Plugin:
    package, version = (point.dist.name, point.dist.version) if point.dist else ("unknown package", "")
    return Plugin(name=point.name, target=point.value, package=package, version=version)
