"""What to score against, as a caller says it: one object that every function passes on instead of six parameters."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A place where data may lie, and the benchmark it was registered for, if it was."""

    path: Path
    benchmark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A benchmark or a folder of ground truth, as asked for; :func:`vosbench.datasets.discover.locate` answers it.

    Attributes:
        benchmark: its name, or the path of its TOML file; found from the data if None.
        protocol: score by the rules of this protocol instead of the benchmark's own.
        data: the dataset's root; looked for in ``roots`` if None.
        gt: a folder of ground-truth masks; then there is no benchmark, only a protocol ("folder" by default).
        split: name of a split, or the path of a list of sequences; the benchmark's usual one if None.
        roots: where data may lie.

    >>> Query.of(benchmark="davis2017", data="DAVIS", split="val").options()
    '--benchmark davis2017 --data DAVIS --split val'
    """

    benchmark: str | None = None
    protocol: str | None = None
    data: Path | None = None
    gt: Path | None = None
    split: str | None = None
    roots: tuple[Root, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        benchmark: str | None = None,
        protocol: str | None = None,
        data: str | Path | None = None,
        gt: str | Path | None = None,
        split: str | Path | None = None,
        roots: Collection[Root] = (),
    ) -> "Query":
        """A query from names and paths as people write them: strings become paths here and nowhere else."""
        return cls(
            benchmark=benchmark,
            protocol=protocol,
            data=None if data is None else Path(data),
            gt=None if gt is None else Path(gt),
            split=None if split is None else str(split),
            roots=tuple(roots),
        )

    @property
    def asked(self) -> dict[str, str]:
        """The choices made, by the name of their option; ``roots`` are no choice."""
        names = ("benchmark", "protocol", "data", "gt", "split")
        return {name: str(value) for name in names if (value := getattr(self, name)) is not None}

    def options(self) -> str:
        """The choices as options of the command line, quoted for a shell."""
        from shlex import quote

        return " ".join(f"--{name} {quote(value)}" for name, value in self.asked.items())
