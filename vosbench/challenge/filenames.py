"""Names of strangers as names of folders."""

import hashlib

#: Letters and digits of any script are kept, and these. A name does not begin with any of them.
_KEPT = frozenset(" ._-+@(),=~")
_FIRST = frozenset("_(")

#: What Windows takes for a device, with any suffix.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}

_LONGEST = 200


def folder_name(name: str) -> str:
    """A folder's name for anything: plain names as they are, other characters as in a URL (``%0A``).

    The result is one part of a path on every system, hidden on none, begins with nothing that a spreadsheet takes for a
    formula, and differs for different names.

    >>> [folder_name(name) for name in ("team 1", "a/b", "..", "=1+1", "two\\nlines", "50%", "nul.v2")]
    ['team 1', 'a%2Fb', '%2E%2E', '%3D1+1', 'two%0Alines', '50%25', '%6Eul.v2']
    """
    parts = [c if c.isalnum() or c in _KEPT else _quoted(c) for c in name]
    if parts and not (name[0].isalnum() or name[0] in _FIRST):
        parts[0] = _quoted(name[0])
    if len(parts) > 1 and name[-1] in ". ":
        parts[-1] = _quoted(name[-1])
    if name.partition(".")[0].casefold() in _DEVICES:
        parts[0] = _quoted(name[0])
    quoted = "".join(parts) or "%"
    if len(quoted.encode()) <= _LONGEST:
        return quoted
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:16]
    return quoted.encode()[: _LONGEST - 20].decode(errors="ignore") + f"%{digest}"


def _quoted(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode(errors="surrogateescape"))
