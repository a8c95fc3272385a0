"""The `recoup` command: `recoup ...` and `python -m recoup ...`."""

import signal
import sys

from recoup._recoup import _command


def main() -> None:
    """Runs the command with the arguments of the process, and ends the process with its status."""
    # Ctrl-C ends the command at once: it runs no Python that could clean up.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_command(["recoup", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
