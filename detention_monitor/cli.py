"""The command line: `detention-monitor`. stdout is data, stderr is narration.

Exit status: 0 ran, 1 found what was asked about, 2 could not run, 3 ran but set records aside.
Each command is in `commands/`, and is imported when it is asked for.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from typing import Any

import click

from detention_monitor import __version__
from detention_monitor.commands.options import CANNOT_RUN
from detention_monitor.errors import DetentionMonitorError, RuleFileError
from detention_monitor.text import printable


def main() -> None:
    """Run the command; every error a person can put right is a line, never a traceback."""
    try:
        cli.main(standalone_mode=False)
    except RuleFileError as error:
        for diagnostic in error.diagnostics:
            click.echo(str(diagnostic), err=True)
        sys.exit(CANNOT_RUN)
    except DetentionMonitorError as error:
        click.echo(f"detention-monitor: {printable(str(error), 2_000)}", err=True)
        sys.exit(CANNOT_RUN)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(CANNOT_RUN)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; nothing more was written", err=True)
        sys.exit(130)
    except OSError as error:
        named = f"{str(error.filename).removesuffix('.unfinished')}: " if error.filename else ""
        cure = _ROOM if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        click.echo(f"detention-monitor: {named}{error.strerror or error}{cure}", err=True)
        sys.exit(CANNOT_RUN)


_ROOM = (
    "; make room where the results go, and in the folder for temporary files (TMPDIR names another): "
    "a replay needs about as much as its records and its results take"
)
COMMANDS = {
    "replay": "replaying:replay_command",
    "explain": "explaining:explain_command",
    "generate": "generating:generate_command",
    "export": "exporting:export_command",
    "import": "importing:import_command",
    "monitor": "live:monitor_command",
    "alerts": "alerts:alerts_command",
    "access": "keeping:access_command",
    "set-aside": "aside:set_aside_command",
    "retention": "keeping:retention_command",
    "hold": "keeping:hold_command",
    "verify": "keeping:verify_command",
    "watch": "board:watch_command",
    "report": "reporting:report_group",
    "rules": "rules:rules_group",
}
"""Where each command is: module of `commands`, and name there."""


class Commands(click.Group):
    """The commands, each imported when it is needed: a board is on the screen sooner.

    Stops without a word when nobody reads stdout any more; click would exit as if it had found.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"detention_monitor.commands.{module}"), name)
        assert isinstance(found, click.Command)  # by COMMANDS
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return None


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="detention-monitor")
def cli() -> None:
    """Watch over children in police custody in England and Wales.

    Custody records go in; out come the duties toward each child under PACE 1984 and Code C that
    were done, are due, or were missed. It advises; a person decides.
    """
