"""`sanlian` with notebooks of one's own: command.py NOTEBOOKS ARGUMENT ... ("": the shipped ones)."""

import sys
from pathlib import Path

from sanlian_analysis import cli, inputs


def main() -> None:
    folder = sys.argv.pop(1)
    if folder:  # before anything imports the name
        inputs.notebook_folder = lambda: Path(folder)
    cli.main()


if __name__ == "__main__":
    main()
