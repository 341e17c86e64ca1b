#!/usr/bin/env python3
"""Writes docs/demo.svg from a run of the tour: `pip install rich && tools/demo_picture.py`, after `make build`."""
import pathlib
import subprocess

from rich.console import Console
from rich.text import Text

ROOT = pathlib.Path(__file__).resolve().parents[1]
run = subprocess.run([ROOT / "tools/demo.py", "--colour"], capture_output=True, text=True, check=True)
console = Console(record=True, width=108, force_terminal=True, file=open("/dev/null", "w"))
console.print(Text.from_ansi(run.stdout))
console.save_svg(str(ROOT / "docs/demo.svg"), title="make demo")
