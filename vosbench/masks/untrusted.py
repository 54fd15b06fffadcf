"""Folders that came from strangers: they hold plain files, and nothing that leads elsewhere.

An archive is refused for its links when it is opened; a folder is not, since people link their own masks together. But
a link in a stranger's folder could lead to the ground truth, and a pipe or a device would never end.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from vosbench.errors import InputError, Problem
from vosbench.masks.archive import MAX_MEMBERS


def require_plain_files(path: Path) -> None:
    """Raise InputError for every link, pipe or device at or below ``path``, and for more files than are read."""
    problems: list[Problem] = []
    for n, entry in enumerate(_entries(path)):
        if n == MAX_MEMBERS:
            message = f"it holds more than {MAX_MEMBERS} files"
            problems.append(_problem("too-many-files", message, str(path), "leave all but the masks away"))
            break
        if entry.is_symlink():
            message = "it is a link, which could lead anywhere"
            problems.append(_problem("unsafe-link", message, entry.path, "put the file itself in its place"))
        elif not entry.is_file() and not entry.is_dir():
            problems.append(_problem("unsafe-link", "it is neither file nor folder", entry.path, "remove it"))
    if problems:
        raise InputError(problems)


def _entries(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except NotADirectoryError:
        return
    except OSError as error:
        problem = _problem("unreadable-folder", f"cannot list it ({error.strerror})", str(folder), "check access")
        raise InputError([problem]) from error
    for entry in found:
        yield entry
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(entry.path)


def _problem(code: str, message: str, where: str, fix: str) -> Problem:
    return Problem(code=code, message=message, where=where, fix=fix)
