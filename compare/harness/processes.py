"""Peers as processes that wait, side by side, for their turn."""

import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from harness.environment import for_child, say
from harness.peers import Peer

#: Seconds between two runs, in which the threads of the one before stop spinning.
PAUSE = 0.3


class PeerFailed(Exception):
    """A peer ended before it was told to."""


@dataclass
class Process:
    """A started peer. It compiles and warms up, says that it is ready, and then runs once for each line that it gets."""

    peer: Peer
    child: subprocess.Popen
    messages: IO[str]
    version: str = ""
    #: Seconds of each run, in a list for each round.
    rounds: list[list[float]] = field(default_factory=list)
    #: The mean loss of each epoch.
    losses: list[float] = field(default_factory=list)
    peak_kilobytes: int = 0

    @classmethod
    def start(cls, peer: Peer, command: list[str | Path], work: str, dtype: str, threads: int) -> "Process":
        """Starts the peer and waits until it is ready."""
        messages = tempfile.TemporaryFile("w+")
        child = subprocess.Popen(
            [*command, "--work", work, "--dtype", dtype, "--threads", str(threads)],
            env=for_child(threads, peer.variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
        )
        process = cls(peer, child, messages)
        process.version = process.answer().removeprefix("ready ")
        return process

    def answer(self) -> str:
        """The next line that the peer prints."""
        line = self.child.stdout.readline()
        if not line:
            self.child.wait()
            self.messages.seek(0)
            raise PeerFailed(f"{self.peer.name} ended with {self.child.returncode}:\n{self.messages.read()[-2000:]}")
        return line.strip()

    def run_round(self, runs: int) -> None:
        """Lets the peer run this often, one run after the other."""
        seconds = []
        for _ in range(runs):
            with suppress(BrokenPipeError):  # the answer says why
                print("run", file=self.child.stdin, flush=True)
            first, *loss = self.answer().split()
            seconds.append(float(first))
            self.losses += map(float, loss)
        self.rounds.append(seconds)

    def finish(self) -> None:
        """Ends the peer, which tells how much memory it had."""
        self.child.stdin.close()
        self.peak_kilobytes = int(self.answer())
        self.child.wait()

    def stop(self) -> None:
        """Ends the peer if it still runs."""
        self.child.kill()
        self.child.wait()
        self.messages.close()


def alternate(processes: list[Process], rounds: int, runs: int) -> None:
    """In every round each peer runs; another one begins each round, so that none always runs after the same state of the machine."""
    for number in range(rounds):
        first = number % len(processes)
        for process in processes[first:] + processes[:first]:
            time.sleep(PAUSE)
            process.run_round(runs)
        say(f"  round {number + 1} of {rounds}")
