"""Names of folders and files as they come from other systems.

=====================================================  ==========================================================
what comes                                             what is read
=====================================================  ==========================================================
``a\\b\\0.png`` (Windows, in archives or unpacked)       ``a/b/0.png``
``.x``, ``__MACOSX``, ``@eaDir``, ``lost+found``, …     nothing: a system wrote it
``é`` as two code points (macOS)                       ``é`` as one (Unicode NFC)
another code page, in a zip without the UTF-8 flag     the name under which the ground truth has the sequence
=====================================================  ==========================================================
"""

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator

from vosbench.errors import InputError, Problem
from vosbench.masks.order import in_time_order

#: Files by folder: {folder: [(frame, key)]}. Folders are relative, with "/", and "" is the top.
Found = dict[str, list[tuple[str, str]]]

#: Folders that an operating system or a storage device writes beside one's own.
SYSTEM_FOLDERS = frozenset(
    {"__macosx", "@eadir", "@recycle", "#recycle", "#snapshot", "$recycle.bin"}
    | {"system volume information", "lost+found"}
)

#: Code pages that file names are written in where nothing says UTF-8, by how often archives come from there.
CODE_PAGES = (
    "utf-8", "gb18030", "big5", "shift_jis", "euc_kr", "euc_jp", "cp1252", "cp850", "cp437", "cp1251", "cp866",
    "koi8_r", "cp1250", "cp852", "cp1253", "cp1254", "mac_roman",
)  # fmt: skip


def is_system(name: str) -> bool:
    """Is this the name of a hidden file or folder, or of one that a system writes?

    >>> [is_system(name) for name in (".DS_Store", "__MACOSX", "@eaDir", "bear")]
    [True, True, True, False]
    """
    return name.startswith(".") or name.lower() in SYSTEM_FOLDERS


def split_path(path: str) -> tuple[str, str] | None:
    """The folder ("" at the top) and the file of a relative path; None if a system wrote it, or it names no file.

    >>> split_path("./preds\\\\a\\\\0.png"), split_path("a/.x/0.png"), split_path("a/"), split_path("0.png")
    (('preds/a', '0.png'), None, None, ('', '0.png'))
    """
    parts = [part for part in path.replace("\\", "/").split("/") if part != "."]
    if not parts[-1:] or not parts[-1] or any(map(is_system, parts)):
        return None
    return "/".join(filter(None, parts[:-1])), parts[-1]


def composed(name: str) -> str:
    """A name in Unicode's composed form (NFC), in which all names are compared.

    >>> composed("e\\u0301") == "\\u00e9"
    True
    """
    return name if name.isascii() else unicodedata.normalize("NFC", _as_utf8(name))


def _as_utf8(name: str) -> str:
    """A file's name whose bytes the locale could not decode, as UTF-8 where they are UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:  # it holds bytes, as Python's surrogates
        try:
            return os.fsencode(name).decode()
        except UnicodeError:
            return name
    return name


def code_page(names: Iterable[str], known: Collection[str]) -> str | None:
    """The code page in which most of some odd names are names that are known; None where there is no such page.

    ``names`` are as they were read: by the code page 437, which is what a zip archive has without a flag, or as bytes
    that are no UTF-8 (Python's surrogates).
    """
    odd = {name for name in names if not name.isascii() and composed(name) not in known}
    if not odd or not known:
        return None
    found = Counter({page: sum(as_in(name, page) in known for name in odd) for page in CODE_PAGES})
    page, n = found.most_common(1)[0]
    return page if n else None


def as_in(name: str, page: str) -> str:
    """A name as a code page has it, composed; the name itself where its bytes are none in that code page.

    >>> as_in("é".encode("utf-8").decode("cp437"), "utf-8")
    'é'
    """
    try:
        try:
            data = name.encode("cp437")
        except UnicodeEncodeError:
            data = os.fsencode(name)
        return composed(data.decode(page))
    except UnicodeError:
        return composed(name)


def require_printable(found: Found, where: Callable[[str], str]) -> None:
    """Raise InputError for every name, of a folder or a file, that cannot be shown in a line of text."""
    message = "its name holds a line break or another character that cannot be shown"
    problems = [
        Problem(code="unsafe-name", message=message, where=where(key), fix="rename it")
        for folder, files in found.items()
        if not composed(f"{folder}{''.join([frame for frame, _ in files])}").isprintable()
        for frame, key in files
        if not composed(f"{folder}{frame}").isprintable()
    ]
    if problems:
        raise InputError(problems)


def told_apart(
    named: Iterable[tuple[str, str]], found: Found, where: Callable[[str], str]
) -> dict[str, dict[str, str]]:
    """The files by sequence and frame, frames in the order of time.

    Args:
        named: (sequence, folder) of each sequence.
        found: the files by folder.
        where: the path of a key for a message.

    Raises:
        InputError: every two files that a file system would take for one which ignores case or the way an accent is
            written.
    """
    files: dict[str, dict[str, str]] = {}
    folded: dict[str, list[tuple[str, str]]] = {}
    problems: list[Problem] = []
    for sequence, folder in named:
        frames = [(composed(frame), key) for frame, key in found[folder]]
        by_frame = files.get(sequence, {}) | dict(frames)
        files[sequence] = {frame: by_frame[frame] for frame in in_time_order(by_frame)}
        same = folded.setdefault(sequence.casefold(), [])
        if same or len(set(map(str.casefold, by_frame))) < len(frames):
            problems += _twins([*same, *frames], where)
        same += frames
    if problems:
        raise InputError(problems)
    return files


def _twins(frames: list[tuple[str, str]], where: Callable[[str], str]) -> Iterator[Problem]:
    """Files of one frame, or of names that differ in nothing but case or the way an accent is written."""
    first: dict[str, str] = {}
    for frame, key in frames:
        if frame.casefold() not in first:
            first[frame.casefold()] = key
            continue
        other = first[frame.casefold()]
        same = f"{where(other)} has the same name, or one that differs in case only"
        message = "it is there twice" if other == key else same
        yield Problem(code="duplicate-frame", message=message, where=where(key), fix="leave one of the two")
