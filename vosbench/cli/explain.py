"""``vosbench explain``."""

import shutil

import click

from vosbench.errors import UsageError
from vosbench.protocols.load import load, names


@click.command("explain", short_help="Tell the rules of a protocol.")
@click.argument("protocol", metavar="PROTOCOL", required=False)
@click.option("--all", "everything", is_flag=True, help="All protocols and every deviation, as a page of Markdown.")
def command(protocol: str | None, everything: bool) -> None:
    """Tell the rules of a protocol in plain English: what is scored, how, and where it deviates from its reference.

    \b
    Examples:
      vosbench explain davis2017
      vosbench explain my-protocol.toml
      vosbench explain --all > docs/protocols.md
    """
    if (protocol is None) != everything:
        raise UsageError("explain which protocol?", fix=f"name one of {', '.join(names())}, or give --all")
    if protocol is None:
        from vosbench.views.protocol_page import page

        click.echo(page(map(load, names())), nl=False)
        return
    from vosbench.views.explain import explain

    click.echo(explain(load(protocol), width=min(100, shutil.get_terminal_size().columns)))
