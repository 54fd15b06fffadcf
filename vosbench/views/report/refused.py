"""A page for a team whose submission could not be scored: what is wrong, where, and what to do next."""

from itertools import groupby

from vosbench.errors import InputError, VosbenchError, visible

#: Problems of one kind shown; the others are counted.
SHOWN = 50


def refused(error: VosbenchError) -> str:
    """The page as HTML."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("vosbench.views.report"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    problems = sorted(error.problems, key=lambda p: p.code) if isinstance(error, InputError) else []
    kinds = [(code, list(group)) for code, group in groupby(problems, key=lambda p: p.code)]
    groups = [
        {
            "code": code,
            "lines": [visible(f"{p.where}: {p.message}") for p in group[:SHOWN]],
            "more": max(0, len(group) - SHOWN),
            "fixes": list(dict.fromkeys(visible(p.fix) for p in group if p.fix)),
        }
        for code, group in kinds
    ]
    page = environment.get_template("refused.html")
    return page.render(message=error.message, fix="" if groups else error.fix, groups=groups)
