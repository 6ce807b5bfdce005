"""The program: ``mfnet train flats.csv --target price``, or ``python -m mfnet train …``."""

import signal
import sys

from ._core import program


def main() -> int:
    """Run the program with the arguments of this process; return its exit code."""
    # the program looks after signals itself, unless they are ignored
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return program(sys.argv[1:], [sys.executable, "-m", "mfnet"])


if __name__ == "__main__":
    sys.exit(main())
