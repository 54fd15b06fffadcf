"""Folders that strangers handed in: they may hold plain files and folders, and no links.

An archive is refused for its links when it is opened; a folder is not, since people link their own masks together. But
a link in a stranger's folder could lead to the ground truth, and a pipe or a device would never end.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from vosbench.errors import InputError, Problem
from vosbench.masks.listing import MAX_MEMBERS
from vosbench.masks.walk import MAX_DEPTH, unlistable


def require_plain_files(path: Path) -> None:
    """Check that a folder holds nothing but files and folders. A path that is no folder is not checked.

    Raises:
        InputError: every link, pipe or device at or below ``path``; more files than are read, or folders deeper than
            ``MAX_DEPTH``.
    """
    problems: list[Problem] = []
    for n, (entry, depth) in enumerate(_entries(path)):
        if n == MAX_MEMBERS:
            message = f"it holds more than {MAX_MEMBERS} files"
            problems.append(_problem("too-many-files", message, str(path), "leave all but the masks away"))
            break
        if entry.is_symlink():
            message = "it is a link, which could lead anywhere"
            problems.append(_problem("unsafe-link", message, entry.path, "put the file itself in its place"))
        elif not entry.is_file() and not entry.is_dir():
            problems.append(_problem("unsafe-link", "it is neither file nor folder", entry.path, "remove it"))
        elif depth > MAX_DEPTH:
            message = f"it lies more than {MAX_DEPTH} folders deep"
            problems.append(_problem("too-deep", message, entry.path, "put the masks nearer to the top"))
            break
    if problems:
        raise InputError(problems)


def _entries(top: Path) -> Iterator[tuple["os.DirEntry[str]", int]]:
    """The entries of a folder and of those in it, with the number of folders above each. Links are not followed."""
    todo = [(str(top), 0)]
    while todo:
        folder, depth = todo.pop()
        try:
            with os.scandir(folder) as entries:
                found = list(entries)
        except NotADirectoryError:
            continue
        except OSError as error:
            raise unlistable(folder, error) from error
        for entry in found:
            yield entry, depth
            if entry.is_dir(follow_symlinks=False):
                todo.append((entry.path, depth + 1))


def _problem(code: str, message: str, where: str, fix: str) -> Problem:
    return Problem(code=code, message=message, where=where, fix=fix)
