"""What all tests share: the real sequences, tiny worlds drawn from arrays, and the command line in this process."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from vosbench.cli import main
from vosbench.masks.write import write_label_map

ROOT = Path(__file__).resolve().parent.parent

#: A video as tests give it: masks in order (frames 00000, 00001, …), or by frame name.
Video = Sequence[np.ndarray] | Mapping[str, np.ndarray]


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real sequences; skips the test where it is absent."""
    folder = Path(os.environ.get("VOSBENCH_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "golden").is_dir():
        pytest.skip(f"no real data in {folder} (set VOSBENCH_TEST_DATA)")
    return folder


@pytest.fixture(autouse=True)
def _own_registry(tmp_path_factory, monkeypatch):
    """No test sees, or touches, what is registered on this machine."""
    home = str(tmp_path_factory.mktemp("home"))
    for name in ("HOME", "XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.setenv(name, home)
    monkeypatch.delenv("VOSBENCH_DATA", raising=False)


def _by_name(video: Video) -> Mapping[str, np.ndarray]:
    return video if isinstance(video, Mapping) else {f"{t:05d}": mask for t, mask in enumerate(video)}


@dataclass(frozen=True)
class World:
    """Writes tiny datasets and predictions below one folder."""

    root: Path

    def masks(self, name: str, videos: Mapping[str, Video]) -> Path:
        """A folder of ``<sequence>/<frame>.png``."""
        for sequence, video in videos.items():
            for frame, mask in _by_name(video).items():
                write_label_map(self.root / name / sequence / f"{frame}.png", np.asarray(mask, np.uint8))
        return self.root / name

    def davis(
        self, videos: Mapping[str, Video], *, name: str = "davis", year: str = "2017", split: str = "val",
        annotations: str = "Annotations",
    ) -> Path:  # fmt: skip
        """A DAVIS root with one split."""
        self.masks(f"{name}/{annotations}/480p", videos)
        lists = self.root / name / "ImageSets" / year
        lists.mkdir(parents=True, exist_ok=True)
        (lists / f"{split}.txt").write_text("".join(f"{sequence}\n" for sequence in videos))
        return self.root / name

    def youtube_vos(
        self, videos: Mapping[str, Video], objects: Mapping[str, Mapping[int, tuple[str, Sequence[str]]]], *,
        name: str = "ytvos", split: str = "valid", seen: Sequence[str] = ("cat",),
    ) -> Path:  # fmt: skip
        """A YouTube-VOS root: ``objects[video][id] = (category, frames)``; ``seen`` are the training categories."""
        self.masks(f"{name}/{split}/Annotations", videos)
        listed = {
            video: {"objects": {str(i): {"category": c, "frames": list(f)} for i, (c, f) in known.items()}}
            for video, known in objects.items()
        }
        (self.root / name / split / "meta.json").write_text(json.dumps({"videos": listed}))
        if seen:
            train = {"t": {"objects": {str(i): {"category": c, "frames": []} for i, c in enumerate(seen, 1)}}}
            (self.root / name / "train").mkdir()
            (self.root / name / "train" / "meta.json").write_text(json.dumps({"videos": train}))
        return self.root / name


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@dataclass(frozen=True)
class Finished:
    """What a command left: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def vosbench(monkeypatch, capsys) -> Callable[..., Finished]:
    """Run a ``vosbench`` command in this process: ``vosbench("score", folder, "--gt", other)``."""

    def run(*arguments: object) -> Finished:
        monkeypatch.setattr("sys.argv", ["vosbench", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return Finished(stop.value.code or 0, captured.out, captured.err)

    return run
