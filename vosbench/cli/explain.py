"""``vosbench explain``."""

import shutil

import click

from vosbench.protocols.load import load


@click.command("explain", short_help="Tell the rules of a protocol.")
@click.argument("protocol", metavar="PROTOCOL")
def command(protocol: str) -> None:
    """Tell the rules of a protocol in plain English: what is scored, how, and where it deviates from its reference.

    \b
    Examples:
      vosbench explain davis2017
      vosbench explain my-protocol.toml
    """
    from vosbench.views.explain import explain

    click.echo(explain(load(protocol), width=min(100, shutil.get_terminal_size().columns)))
