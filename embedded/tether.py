"""Becomes a program that dies with its parent.

    python -I -S tether.py SIGNAL PARENT PROGRAM [ARGUMENT …]

The kernel sends SIGNAL to the program as soon as the process PARENT is gone,
however it went. A program of its own, because between fork and exec a process
with threads must not run Python.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(death_signal: int, parent: int, argv: list[str]) -> None:
    """Tie this process to `parent` and turn it into `argv`; never returns."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        sys.exit(f"{argv[0]}: the parent is already gone")
    # Python ignores it, and a program would inherit that.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execvp(argv[0], argv)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
