#!/bin/bash
# shot.sh session name -> png
tmux -L i5 capture-pane -e -p -t "$1" > /tmp/i5/$2.ansi
tmux -L i5 capture-pane -p -t "$1" > /tmp/i5/$2.txt
PYTHONPATH=/tmp/i5 /tmp/v11/venv/bin/python /tmp/i5/ansi2svg.py /tmp/i5/$2.ansi /tmp/i5/$2.svg && rsvg-convert /tmp/i5/$2.svg -o /tmp/i5/$2.png
