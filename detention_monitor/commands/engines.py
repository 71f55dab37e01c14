"""The option that chooses a back-end, for the commands that judge."""

from __future__ import annotations

import click

from detention_monitor.backends import ENGINES

engine_option = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="durable",
    show_default=True,
    help="What judges: durable_rules, Python compiled from the rules (fast), the interpreter (slow).",
)
