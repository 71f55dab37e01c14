"""`report`: the products of oversight; each command adds itself to the group."""

from __future__ import annotations

import shlex

import click

_WORDS = "detention_monitor.words"


class ReportCommand(click.Command):
    """A command that remembers the words it was given: a report prints how it was made."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words, then read them as any command does."""
        ctx.meta[_WORDS] = tuple(args)
        return super().parse_args(ctx, args)


class ReportGroup(click.Group):
    """The group whose commands are `ReportCommand`s."""

    command_class = ReportCommand


def command_line() -> str:
    """Return the command that is running, as it could be typed again."""
    context = click.get_current_context()
    names = [context.info_name or ""]
    parent = context.parent
    while parent is not None and parent.parent is not None:  # the root is called as it was started
        names.insert(0, parent.info_name or "")
        parent = parent.parent
    return shlex.join(["detention-monitor", *names, *context.meta.get(_WORDS, ())])


@click.group("report", cls=ReportGroup)
def report_group() -> None:
    """Make the products of oversight: statistics, trends, the daily brief, reports on records."""
