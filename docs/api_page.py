"""Write docs/api.md, the Python API as its docstrings tell it: ``python docs/api_page.py``."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import vosbench

PAGE = Path(__file__).with_name("api.md")

HEADING = """# Python API

Made from the docstrings by `python docs/api_page.py`; a test fails where the two differ. What is not on this page may
change without notice ([stability](stability.md)).
"""


def page() -> str:
    """The page as Markdown."""
    names = [name for name in vosbench.__all__ if not name.startswith("_")]
    parts = [HEADING, _fenced(_docstring(vosbench))]
    modules = [name for name in names if isinstance(getattr(vosbench, name), ModuleType)]
    parts += [_entry(f"vosbench.{name}", getattr(vosbench, name), "##") for name in names if name not in modules]
    for name in modules:
        module = getattr(vosbench, name)
        parts += [f"## vosbench.{name}", _fenced(_docstring(module))]
        parts += [_entry(f"vosbench.{name}.{n}", value, "###") for n, value in _public(module)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """What a module says that it offers, or its public classes."""
    names = getattr(module, "__all__", None) or [n for n, v in vars(module).items() if inspect.isclass(v)]
    for name in names:
        value = getattr(module, name)
        if callable(value) and getattr(value, "__module__", "").startswith("vosbench"):
            yield name, value


def _entry(name: str, value: Any, level: str) -> str:
    """Heading, signature, docstring and, of a class, its methods and properties."""
    short = name.rpartition(".")[2]
    call = f"class {short}" if inspect.isclass(value) else f"{short}{_signature(value)}"
    parts = [f"{level} {name}", _fenced(call, "python")]
    parts.append(_fenced(_docstring(value)))
    if inspect.isclass(value) and not issubclass(value, Exception):
        parts += [_member(n, m) for n, m in vars(value).items() if not n.startswith("_") and inspect.getdoc(m)]
    return "\n\n".join(parts)


def _member(name: str, member: Any) -> str:
    function = member.fget if isinstance(member, property) else getattr(member, "func", member)
    kind = "" if callable(member) and not isinstance(member, property) else " (property)"
    signature = _signature(function) if not kind else ""
    return f"**`.{name}{signature}`**{kind}\n\n{_fenced(_docstring(member))}"


def _signature(value: Any) -> str:
    """Parameters and result as the source writes them, a line each where they are many; nothing for a class."""
    if inspect.isclass(value):
        return ""
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    assert isinstance(function, ast.FunctionDef)
    result = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    text = ast.unparse(function.args)
    if len(text) + len(result) < 90:
        return f"({text}){result}"
    first, _, others = text.partition(", *, ")
    lines = [first, "*", *re.split(r", (?=\w+: )", others)]
    return "(\n" + "".join(f"    {line},\n" for line in lines if line) + f"){result}"


def _docstring(value: Any) -> str:
    return inspect.getdoc(value) or ""


def _fenced(text: str, language: str = "text") -> str:
    return f"```{language}\n{text}\n```" if text else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
