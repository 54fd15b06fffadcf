"""The static site: pages from Jinja templates, CSS, one script, and every table as CSV and JSON.

Pages refer to each other by relative addresses and to nothing else, so the folder works from a disk, a memory stick or
any server. Two builds of one board are byte-identical.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import jinja2
import msgspec

from vosbench.errors import UsageError
from vosbench.files import new_folder
from vosbench.leaderboard import formats, tables
from vosbench.leaderboard.card import Card
from vosbench.leaderboard.entries import Board, Entry
from vosbench.leaderboard.pages import Section, cell_text, entry_href, method_href, sections
from vosbench.leaderboard.papers import table_name
from vosbench.leaderboard.tables import FLAGS, one_decimal

MARKER = "built-by-vosbench.txt"


def build(board: Board, out: Path) -> int:
    """Write the site of a board to ``out`` and return the number of files; an older site there is replaced.

    Raises UsageError if ``out`` lies in the board's folder or holds anything but a site built before; InputError if it
    cannot be written.
    """
    if out.resolve().is_relative_to(board.root.resolve()) or board.root.resolve().is_relative_to(out.resolve()):
        raise UsageError(f"{out} and the leaderboard {board.root} contain each other", fix="choose another --out")
    if out.exists() and not (out.is_dir() and ((out / MARKER).is_file() or not any(out.iterdir()))):
        raise UsageError(f"{out} exists and was not built by vosbench", fix="choose another --out, or empty it")
    files = render(board)
    with new_folder(out) as fresh:
        for name, text in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    return len(files)


def render(board: Board) -> dict[str, str]:
    """Every file of the site by its relative path."""
    environment = _environment()
    by_benchmark = {name: sections(board, name) for name in board.benchmarks}
    by_method = _by_method(board)
    context: dict[str, Any] = {"board": board, "methods": by_method, "flags": FLAGS}
    files = {MARKER: "vosbench leaderboard build\n"}
    for name in ("style.css", "board.js"):
        files[name] = environment.get_template(name).render()
    page = environment.get_template("index.html").render
    files["index.html"] = page(context, root="", found=by_benchmark)
    for name, found in by_benchmark.items():
        page = environment.get_template("benchmark.html").render
        files[f"benchmark/{name}.html"] = page(context, root="../", name=name, found=found, years=_years(found))
        files[f"data/{name}.csv"] = formats.render(tables.benchmark(board, name), "csv")
        files[f"data/{name}.json"] = _json([e.card for e in board.of_benchmark(name)])
    results = {f"{path.parent.name}.json": path for path in sorted((board.root / "results").glob("*/result.json"))}
    context["results"] = set(results)
    for name, result in results.items():
        files[f"data/results/{name}"] = result.read_text(encoding="utf-8")
    for path, entries in by_method.items():
        page = environment.get_template("method.html").render
        files[path] = page(context, root="../", entries=entries, card=entries[0].card)
    for name, paper in board.papers.items():
        page = environment.get_template("paper.html").render
        printed = {table: tables.like(board, f"{name}/{table}") for table in paper.tables}
        files[f"paper/{name}.html"] = page(context, root="../", name=name, paper=paper, printed=printed)
    return files


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(f"vosbench.{room}") for room in ("leaderboard", "views")]),
        autoescape=jinja2.select_autoescape(),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"one_decimal": one_decimal, "table_name": table_name, "cell_text": cell_text}
    environment.filters |= {"entry_href": entry_href, "method_href": method_href}
    return environment


def _by_method(board: Board) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(board.entries, key=lambda e: (e.card.method.lower(), e.card.kind, e.card.benchmark, e.name)):
        found[method_href(entry.card)].append(entry)
    return dict(found)


def _years(found: list[Section]) -> list[int]:
    return sorted({row.entry.card.year for part in found for row in part.rows if row.entry.card.year})


def _json(cards: list[Card]) -> str:
    return msgspec.json.format(msgspec.json.encode(cards, order="sorted"), indent=1).decode() + "\n"
