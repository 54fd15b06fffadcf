"""``vosbench explain``."""

import shutil

import click

from vosbench.errors import UsageError
from vosbench.protocols.load import load, names
from vosbench.results.paths import run_folder


@click.command("explain")
@click.argument("protocol", metavar="PROTOCOL", required=False)
@click.option("--all", "everything", is_flag=True, help="All protocols and every deviation, as a page of Markdown.")
def command(protocol: str | None, everything: bool) -> None:
    """Tell the rules of a protocol in plain English: what is scored, how, and where it deviates from its reference.

    PROTOCOL is a name, a TOML file, or a finished run, whose rules are then told, with its signature.

    \b
    Examples:
      vosbench explain davis2017
      vosbench explain my-protocol.toml
      vosbench explain runs/mine
      vosbench explain --all > docs/protocols.md
    """
    if (protocol is None) != everything:
        raise UsageError("explain which protocol?", fix=f"name one of {', '.join(names())}, or give --all")
    if protocol is None:
        from vosbench.views.protocol_page import page

        click.echo(page(map(load, names())), nl=False)
        return
    from vosbench.views.explain import explain

    width = min(100, shutil.get_terminal_size().columns)
    folder = None if protocol in names() else run_folder(protocol)
    if folder is None:
        click.echo(explain(load(protocol), width=width))
        return
    from vosbench.results.reader import load as load_run

    run = load_run(folder)
    click.echo(f"{explain(run.spec, width=width)}\n\nsignature  {run.signature}")
