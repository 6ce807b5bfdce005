"""How the program `mfnet` is called."""

import json
import subprocess
import sys
from pathlib import Path

from harness import environment, timed


class Mfnet:
    """The program of this working tree."""

    def __init__(self) -> None:
        self.path = environment.cargo_build(environment.REPOSITORY, "--package", "mfnet-cli") / "mfnet"

    def train(self, data: str, output: Path, options: list, threads: int = 2) -> timed.Run:
        """`mfnet train`; its JSON is the output. An earlier run in the same folder is replaced."""
        history = output / "history.csv"
        history.unlink(missing_ok=True)
        command = [self.path, "train", data, "--output", output, "--force", "--json", "--quiet", "--threads", threads, *options]
        return timed.run(command, environment.for_child(threads, {}), "", timed.has_two_lines(history))

    def says(self, *words: object) -> str:
        """What another command prints."""
        return subprocess.run([str(word) for word in (self.path, *words)], check=True, capture_output=True, text=True).stdout

    def pytorch(self, model: Path) -> str:
        """The program for PyTorch that `mfnet inspect` prints."""
        return self.says("inspect", model).split("\nIn PyTorch\n\n")[1]

    def place(self, data: str) -> str | None:
        """Where the files of a data set lie."""
        return next(each["folder"] for each in json.loads(self.says("datasets", "--json"))["datasets"] if each["name"] == data)

    def folder(self, data: str) -> str:
        """The same; they are downloaded if they are nowhere."""
        if (place := self.place(data)) is not None:
            return place
        if subprocess.run([self.path, "datasets", "fetch", data]).returncode:
            sys.exit(f"{data} is needed: its files lie nowhere and could not be downloaded")
        return self.place(data)

    def untrained(self, data: str, output: Path, options: list) -> Path:
        """A model as it is drawn: a step of one sample whose rate is nothing beside any weight."""
        order = output.with_suffix(".txt")
        order.write_text("0\n")
        still = ["--optimizer", "sgd", "--learning-rate", "1e-300", "--epochs", 1, "--schedule", "constant", "--no-baselines"]
        self.train(data, output, ["--batch-order", order, *still, *options])
        return output / "model.safetensors"


def losses(output: Path) -> list[float]:
    """The training loss of each epoch of a run."""
    return [float(line.split(",")[1]) for line in (output / "history.csv").read_text().splitlines()[1:]]
