"""Check what an install or an archive of vosbench really holds.

``kernel``: the C extension was built wherever it can be; ``optional=True`` in setup.py would hide a compile error.
``archives WHEEL SDIST``: every file of the package is in them, and no other top-level package.
"""

import shutil
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

BUILT = {".so", ".pyd", ".pyc"}
SOURCES = {".c", ".h"}


def can_compile() -> bool:
    """Whether this machine has a C compiler and Python's headers."""
    headers = Path(sysconfig.get_path("include"), "Python.h")
    return headers.exists() and any(shutil.which(name) for name in ("cc", "gcc", "clang"))


def check_kernel() -> None:
    """The compiled kernel is in use wherever it can be built."""
    from vosbench.kernel import BACKEND

    print(f"kernel: {BACKEND}")
    if BACKEND != "compiled" and can_compile():
        sys.exit("the C extension did not build although a compiler is here: python setup.py build_ext --inplace")


def package_files() -> set[str]:
    """Paths of the package's own files in the working tree."""
    paths = {path for path in Path("vosbench").rglob("*") if path.is_file() and path.suffix not in BUILT}
    return {path.as_posix() for path in paths}


def check_archives(wheel: Path, sdist: Path) -> None:
    """The wheel holds the package and nothing else; the source archive holds what it takes to build it."""
    package = package_files()
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    to_install = {path for path in package if Path(path).suffix not in SOURCES}
    roots = {name.partition("/")[0] for name in in_wheel}
    foreign = {root for root in roots if root != "vosbench" and not root.endswith(".dist-info")}
    problems = [f"not in the wheel: {path}" for path in to_install - in_wheel]
    problems += [f"does not belong in the wheel: {root}" for root in foreign]
    problems += [f"not in the source archive: {path}" for path in (package | {"setup.py", "LICENSE"}) - in_sdist]
    problems += [f"does not belong in the source archive: {path}" for path in in_sdist if Path(path).suffix in BUILT]
    if "-cp311-abi3-" not in wheel.name:
        problems.append(f"not tagged cp311-abi3: {wheel.name}")
    if can_compile() and not any("/_native." in name and Path(name).suffix in BUILT for name in in_wheel):
        problems.append("not in the wheel: the compiled kernel")
    if problems:
        sys.exit("\n".join(sorted(problems)))
    print(f"{wheel.name}: {len(in_wheel)} files\n{sdist.name}: {len(in_sdist)} entries")


if __name__ == "__main__":
    if sys.argv[1] == "kernel":
        check_kernel()
    else:
        check_archives(Path(sys.argv[2]), Path(sys.argv[3]))
