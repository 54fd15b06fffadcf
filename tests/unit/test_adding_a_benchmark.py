"""Benchmarks of one's own: what the guide shows works, entry points are found, mistakes are named."""

import re
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

import vosbench
from vosbench import plugins
from vosbench.cli import cli
from vosbench.datasets.annotations import Annotations
from vosbench.datasets.discover import benchmarks
from vosbench.errors import UsageError
from vosbench.protocols import load as protocols
from vosbench.protocols.spec import Data
from vosbench.testing import check_benchmark, check_dataset, write_label_maps
from vosbench.views.protocol_page import EFFECT, page

DOCS = Path(__file__).resolve().parents[2] / "docs"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / "adding-a-benchmark.md").read_text(), re.DOTALL)


def test_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its protocol and its test, word for word."""
    monkeypatch.chdir(tmp_path)
    Path("my-vost.toml").write_text(blocks("toml")[0])
    names: dict[str, object] = {}
    exec(blocks("python")[0], names)
    names["test_my_vost"](tmp_path)  # type: ignore[operator]
    assert protocols.load("my-vost.toml").rules == protocols.load("vost").rules
    checked = CliRunner().invoke(cli, ["data", "check", "VOST", "--benchmark", "my-vost.toml"])
    assert checked.stdout == "my-vost · val · 1 sequences, 2 objects, 12 frames\n"


def test_the_page_of_protocols_is_current() -> None:
    specs = [protocols.load(name) for name in protocols.names()]
    assert (DOCS / "protocols.md").read_text() == page(specs)


@pytest.mark.parametrize("name", protocols.names())
def test_every_protocol_says_what_its_deviations_do(name: str) -> None:
    spec = protocols.load(name)
    assert spec.name == name
    assert all(EFFECT in text for text in spec.deviations)
    assert not any(re.search(r"\[[CXDM?]\]", text) for text in (*spec.deviations, *spec.open_points))
    assert len(Path(protocols.__file__).with_name(f"{name}.toml").read_text().splitlines()) <= 45


def layout(root: Path, data: Data) -> Annotations:
    return Annotations(root, data.annotations)


def forget() -> None:
    """What was found out about installed packages."""
    protocols.load.cache_clear()
    protocols._of_packages.cache_clear()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with a layout and a protocol."""
    path = tmp_path / "theirs.toml"
    text = (
        blocks("toml")[0].replace('"my-vost"', '"theirs"').replace('"annotations"', '"odd"').replace('"val"', '"all"')
    )
    path.write_text(text)
    points = {
        "vosbench.layouts": [EntryPoint("odd", f"{__name__}:layout", "vosbench.layouts")],
        "vosbench.protocols": [EntryPoint("theirs", "their_package:PROTOCOL", "vosbench.protocols")],
    }
    monkeypatch.setattr(plugins, "entry_points", lambda group: points.get(group, []))
    objects = {("vosbench.layouts", "odd"): layout, ("vosbench.protocols", "theirs"): str(path)}
    monkeypatch.setattr(plugins, "load", lambda group, name: objects[group, name])
    forget()
    yield path
    forget()


def test_entry_points(package: Path, tmp_path: Path) -> None:
    assert "theirs" in protocols.names()
    assert "theirs" in [spec.name for spec in benchmarks()]
    write_label_maps(tmp_path / "data/Annotations", {"v": {1: "xxxxx"}})
    check_benchmark("theirs", data=tmp_path / "data")
    run = vosbench.score(tmp_path / "data/Annotations", benchmark="theirs", data=tmp_path / "data")
    assert run.headline == {"J": 1.0}
    assert "of another package" in CliRunner().invoke(cli, ["list", "benchmarks"]).stdout


def test_a_name_that_is_taken(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("davis2017", "their_package:PROTOCOL", "vosbench.protocols")]
    monkeypatch.setattr(plugins, "entry_points", lambda group: points if group == "vosbench.protocols" else [])
    forget()
    with pytest.raises(UsageError, match="brings a protocol called 'davis2017', which vosbench has itself"):
        protocols.load("davis2017")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('frames = "drop-first-last"', 'frames = "some"', "some"),
        ('void = "background"', 'voids = "background"', "voids"),
        ('measures = ["J"]', 'measures = ["IoU"]', "no measure called IoU"),
        ('headline = ["J"]', 'headline = ["J&F"]', "headline 'J&F' is not measured"),
        ('statistics = ["mean", "tr"]', 'statistics = ["median"]', "median"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(blocks("toml")[0].replace(old, new))
    with pytest.raises(UsageError, match=message):
        protocols.load(str(path))


def test_unknown_layout(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(blocks("toml")[0].replace('layout = "annotations"', 'layout = "nowhere"'))
    with pytest.raises(UsageError, match="no layout called 'nowhere'"):
        check_benchmark(path, data=tmp_path)


def test_the_suite_finds_a_dataset_that_breaks_its_word(tmp_path: Path) -> None:
    write_label_maps(tmp_path / "Annotations", {"v": {1: "xxxxx"}})
    sound = Annotations(tmp_path)
    first = sound.sequences("all")[0]
    broken = SimpleNamespace(root=tmp_path, found=lambda: True, masks=sound.masks, sequences=lambda _: (first, first))
    with pytest.raises(AssertionError, match="listed twice"):
        check_dataset(broken, "all")  # type: ignore[arg-type]
