"""`detention-monitor report`: every product of oversight under one group."""

from __future__ import annotations

from detention_monitor.commands.report_daily import COMMANDS as DAILY_COMMANDS
from detention_monitor.commands.report_partner import COMMANDS as PARTNER_COMMANDS
from detention_monitor.commands.report_record import COMMANDS as RECORD_COMMANDS
from detention_monitor.commands.report_sample import COMMANDS as SAMPLE_COMMANDS
from detention_monitor.commands.reports import report_group

__all__ = ["report_group"]

for _command in (*DAILY_COMMANDS, *RECORD_COMMANDS, *SAMPLE_COMMANDS, *PARTNER_COMMANDS):
    report_group.add_command(_command)
