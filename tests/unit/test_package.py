"""What installing vosbench installs: its packages, its data files, its version; and what importing it costs."""

import configparser
import importlib.metadata
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import vosbench
from vosbench import kernel
from vosbench._version import __version__

PACKAGE = Path(vosbench.__file__).parent
ROOT = PACKAGE.parent
CODE = {".py", ".pyc", ".c", ".h", ".so", ".pyd"}
HEAVY = {"pandas", "pyarrow", "scipy", "cv2", "skimage", "matplotlib", "pycocotools", "torch"}


@pytest.fixture(scope="module")
def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    assert config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


def run_python(code: str) -> str:
    """Standard output of a fresh interpreter that imports this copy of vosbench."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_only_vosbench_is_installed_at_the_top_level(setup_cfg):
    assert setup_cfg["options.packages.find"]["include"].split() == ["vosbench", "vosbench.*"]
    assert importlib.metadata.distribution("vosbench").read_text("top_level.txt").split() == ["vosbench"]


def test_every_folder_with_modules_is_a_package():
    """A folder without ``__init__.py`` imports from a clone and is missing from the wheel."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert {folder for folder in folders if not (folder / "__init__.py").exists()} == set()


def test_every_data_file_is_declared(setup_cfg):
    patterns = [pattern.strip() for pattern in setup_cfg["options.package_data"]["vosbench"].split(",")]
    declared = {path for pattern in patterns for path in PACKAGE.glob(pattern)}
    present = {path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in CODE}
    assert PACKAGE / "py.typed" in present
    assert present - declared == set()


def test_the_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in citation
    assert importlib.metadata.version("vosbench") == __version__, "installed from another version: install it again"


def test_the_backend_is_the_compiled_one_where_it_was_built():
    built = importlib.util.find_spec("vosbench.kernel._native") is not None
    backend, module = ("compiled", "compiled") if built else ("numpy", "twin")
    assert backend == kernel.BACKEND
    assert kernel.contours.__module__ == f"vosbench.kernel.{module}"


def test_without_the_extension_the_twin_serves():
    hidden = "import sys; sys.modules['vosbench.kernel._native'] = None; from vosbench import kernel; "
    assert run_python(hidden + "print(kernel.BACKEND, kernel.contours.__module__)").split() == [
        "numpy",
        "vosbench.kernel.twin",
    ]


@pytest.mark.parametrize("module", ["vosbench", "vosbench.kernel"])
def test_importing_stays_light(module):
    loaded = run_python(f"import sys, {module}; print(*sys.modules)").split()
    assert module in loaded
    assert HEAVY.intersection(loaded) == set()


def test_a_public_function_stays_one_whatever_was_imported_before():
    """A module of the same name would take its place in the package on import."""
    for name in set(vosbench._HOMES) - {"RunResult", "errors", "measures"}:
        code = f"import vosbench; vosbench.{name}; import {vosbench._HOMES[name]}; print(callable(vosbench.{name}))"
        assert run_python(code).strip() == "True"
