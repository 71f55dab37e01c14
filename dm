#!/bin/sh
exec env PYTHONPATH=/tmp/w/i5 PYTHONDONTWRITEBYTECODE=1 /tmp/v11/venv/bin/python -m detention_monitor "$@"
