"""`launch.py REPORT PROGRAM …`: runs a program, and writes when it began, how long it took and how much memory it had.

What Linux tells of the memory of a program is at least that of the process that started it. This one is small.
"""

import json
import os
import sys
import time


def main(report: str, *command: str) -> int:
    """The exit status of the program."""
    began = {"date": time.time(), "clock": time.perf_counter()}
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - began["clock"]
    with open(report, "w") as file:
        json.dump(began | {"seconds": seconds, "peak_kilobytes": usage.ru_maxrss}, file)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
