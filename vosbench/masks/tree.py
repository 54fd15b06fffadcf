"""Which folders of a tree are sequences: the one answer for folders and archives.

The files of a tree are grouped by their folder. A sequence is a folder that holds masks; where in the tree sequences
are depends on what is known:

- The names of the ground truth's sequences are looked for first, at any depth. The tree may also be a single sequence
  whose name is that of the tree itself.
- Without such names, folders inside a sequence and stray pictures do not count. The others must lie side by side.

Where two folders apart from each other hold masks of the same sequences, the tree is refused: nothing is guessed.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from vosbench.errors import InputError, Problem
from vosbench.masks.names import Found, as_in, code_page, composed, require_printable, told_apart
from vosbench.masks.order import order_doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a tree is looked through for.

    ``known`` are the names of the sequences of the ground truth, as far as they are known; a name has ``depth`` parts.
    ``objects`` says that a sequence may also hold a folder for each object. ``top`` is the name of the tree.
    """

    known: frozenset[str] = frozenset()
    depth: int = 1
    objects: bool = False
    top: str = ""


#: Nothing is known of what a tree holds.
ANY = Wanted()


@dataclass(frozen=True, slots=True)
class Tree:
    """The sequences of a tree: keys of the files by sequence and frame, in the order of time.

    ``folders`` are the folders of the sequences, ``above`` is the folder that holds them ("" or with a "/" at its end),
    and ``ignored`` the folders of masks that are no sequences, all relative.
    """

    files: Mapping[str, Mapping[str, str]]
    folders: Mapping[str, str]
    above: str = ""
    ignored: tuple[str, ...] = ()

    def part(self, sequences: Collection[str], key: Callable[[str], str] = str) -> "Tree":
        """The tree of some sequences alone, with each ``key`` changed."""
        files = {name: self.files[name] for name in sequences if name in self.files}
        return Tree(
            {name: {frame: key(k) for frame, k in frames.items()} for name, frames in files.items()},
            {name: self.folders[name] for name in files},
            self.above,
        )


def arranged(found: Found, wanted: Wanted, where: Callable[[str], str]) -> Tree:
    """The sequences among the folders of a tree.

    Args:
        found: the masks by folder.
        wanted: what is looked for.
        where: the path of a file, or of a folder, for a message.

    Raises:
        InputError: several folders could be the one that is meant; or a name that cannot be shown; or files that a
            file system which ignores case takes for one.
    """
    found = _in_code_page(found, wanted)
    require_printable(found, where)
    above, named = _by_names(found, wanted, where) if wanted.known else ("", [])
    if not named:
        above, named = _by_shape(found, wanted, where)
    ignored = tuple(sorted(set(found) - {folder for _, folder in named}))
    return Tree(told_apart(named, found, where), dict(named), above and f"{above}/", ignored)


def exactly(found: Found, where: Callable[[str], str]) -> Tree:
    """The tree in which every folder of masks is a sequence; without any folder, the top is one, called "."."""
    require_printable(found, where)
    named = [(composed(folder), folder) for folder in found if folder] or [(".", "") for folder in found]
    return Tree(told_apart(named, found, where), dict(named))


def _in_code_page(found: Found, wanted: Wanted) -> Found:
    """The same tree with its names in the code page that they were written in, where names that are known tell it."""
    if all(map(str.isascii, found)) or not wanted.known:
        return found
    page = code_page({part for folder in found for part in folder.split("/")}, _parts(wanted.known))
    if page is None:
        return found
    return {
        "/".join(as_in(part, page) for part in folder.split("/")): [(as_in(frame, page), key) for frame, key in files]
        for folder, files in found.items()
    }


def _parts(names: Iterable[str]) -> set[str]:
    return {part for name in names for part in name.split("/")}


def _by_names(found: Found, wanted: Wanted, where: Callable[[str], str]) -> tuple[str, list[tuple[str, str]]]:
    """The folder above the sequences, and (sequence, folder), where names that are known occur; else nothing."""
    if wanted.known == {"."}:
        return "", _nameless(found)
    votes: dict[str, set[str]] = {}
    readings = {folder: list(_readings(folder, wanted)) for folder in found}
    for folder in found:
        for above, name, _ in readings[folder]:
            if name in wanted.known:
                votes.setdefault(above, set()).add(name)
    if not votes:
        return "", _as_top(found, wanted)
    chosen = _chosen(votes, where)
    return chosen[0], [
        (f"{name}/{rest}" if rest else name, folder)
        for folder, ways in readings.items()
        for above, name, rest in ways
        if above in chosen and (not rest or rest.isdigit() or name in wanted.known)
    ]


def _readings(folder: str, wanted: Wanted) -> Iterator[tuple[str, str, str]]:
    """The ways to read a folder's path as (folder above, sequence, object)."""
    parts = folder.split("/") if folder else []
    for objects in (0, 1) if wanted.objects else (0,):
        at = len(parts) - wanted.depth - objects
        if at >= 0:
            end = len(parts) - objects
            yield "/".join(parts[:at]), composed("/".join(parts[at:end])), "/".join(parts[end:])


def _chosen(votes: Mapping[str, set[str]], where: Callable[[str], str]) -> list[str]:
    """The folders above the sequences that are known, the one with most of them first. Raises InputError.

    A folder counts before those in it. Folders apart from each other all count if no sequence is in two of them; one
    that has only some of another's sequences does not.
    """
    tops = [f for f in votes if not any(votes.get(parent, set()) & votes[f] for parent in _parents(f))]
    tops.sort(key=lambda f: (-len(votes[f]), f))
    chosen = tops[:1]
    for other in tops[1:]:
        if votes[other] < votes[chosen[0]] or any(f in _parents(other) or other in _parents(f) for f in chosen):
            continue
        if twice := next((f for f in chosen if votes[f] & votes[other]), None):
            raise _ambiguous(twice, other, where)
        chosen.append(other)
    return chosen


def _ambiguous(one: str, other: str, where: Callable[[str], str]) -> InputError:
    message = f"it holds sequences as {where(other)} does, and nothing says which of the two is meant"
    fix = "give the folder that is meant, or move the other one away"
    return InputError([Problem(code="ambiguous-folder", message=message, where=where(one), fix=fix)])


def _as_top(found: Found, wanted: Wanted) -> list[tuple[str, str]]:
    """(sequence, folder) where the tree itself is a sequence, or the video whose parts are sequences."""
    only = next(iter(wanted.known)) if len(wanted.known) == 1 and ("" in found or wanted.objects) else ""
    for top in filter(None, (composed(wanted.top), only)):
        named = [
            (f"{name}/{rest}" if rest else name, folder)
            for folder in found
            for above, name, rest in _readings(f"{top}/{folder}".rstrip("/"), wanted)
            if not above and name in wanted.known and (not rest or rest.isdigit())
        ]
        if named:
            return named
    return []


def _nameless(found: Found) -> list[tuple[str, str]]:
    """The one sequence that is wanted has no name: the frames at the top, else those of the only folder there is."""
    least = min((folder.count("/") for folder in found), default=0)
    first = [""] if "" in found else [folder for folder in found if folder.count("/") == least]
    return [(".", first[0])] if len(first) == 1 else []


def _by_shape(found: Found, wanted: Wanted, where: Callable[[str], str]) -> tuple[str, list[tuple[str, str]]]:
    """The folder above the sequences, and (sequence, folder), by nothing but the tree itself. Raises InputError."""
    holders = {parent for folder in found for parent in _parents(folder)}
    videos = {f for f, files in found.items() if _is_video([frame for frame, _ in files])}
    whole = {f for f in found if f not in holders or f in videos}
    if not wanted.objects:
        whole = {f for f in whole if not any(parent in whole for parent in _parents(f))}
    if whole <= {""}:
        return "", [(".", "") for _ in whole]
    depth = wanted.depth + wanted.objects
    above = {f: "/".join(f.split("/")[:-depth]) for f in sorted(whole) if f}
    likely = {a for f, a in above.items() if f in videos} or set(above.values())
    best = min(likely, key=lambda parent: (parent.count("/") if parent else -1, parent))
    if apart := next((a for a in sorted(likely) if a != best and best not in _parents(a)), None):
        raise _ambiguous(best, apart, where)
    return best, [(composed(f.removeprefix(f"{best}/") if best else f), f) for f, a in above.items() if a == best]


def _parents(folder: str) -> Iterator[str]:
    """The folders that hold a folder, the top included."""
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder


def _is_video(frames: list[str]) -> bool:
    """Do files look like the frames of a video, rather than like stray pictures?"""
    return any(map(str.isdigit, frames)) or (len(frames) > 1 and not order_doubt(frames))
