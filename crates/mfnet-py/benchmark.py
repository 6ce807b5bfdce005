"""What the package promises about time and memory, measured. Needs scikit-learn: python benchmark.py

Times are medians; those of two programs are measured in turn. Let nothing else run meanwhile.
"""

import itertools
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "tests"))
ROUNDS = 7


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def alternating(*works, rounds=ROUNDS):
    """The median time of each of several works, which run in turn."""
    times = [[seconds(work) for work in works] for _ in range(rounds)]
    return [statistics.median(of_work) for of_work in zip(*times)]


def show(what, found, goal):
    print(f"{what:<58} {found:<28} {goal}", flush=True)


def in_a_process(code):
    """What a program in a process of its own prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def imports():
    code = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
    names = ["mfnet", "numpy", "mfnet.train"]
    times = {name: [float(in_a_process(code.format(name))) for _ in range(15)] for name in names}
    mfnet, numpy, train = (1000 * statistics.median(times[name]) for name in names)
    show("import mfnet", f"{mfnet:.1f} ms", "2 ms")
    show("import mfnet.train, beyond NumPy", f"{train - numpy:.1f} ms", "20 ms")


def data_in():
    for dtype, goal in [("float64", 0.25), ("float32", 0.12), ("uint8", 0.04)]:
        code = f"""
import statistics, time
import numpy as np
import mfnet
x = np.random.default_rng(0).integers(0, 255, (60000, 784), dtype=np.uint8).astype(np.{dtype})
y = np.zeros(60000)
mfnet.Data(x[:10], y[:10])


def memory(what):
    lines = open("/proc/self/status").read().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(what))


times, grown = [], []
for _ in range(5):
    # the peak from now on
    open("/proc/self/clear_refs", "w").write("5")
    before = memory("VmRSS")
    start = time.perf_counter()
    data = mfnet.Data(x, y)
    times.append(time.perf_counter() - start)
    grown.append(memory("VmHWM") - before)
    del data
print(statistics.median(times), max(grown) / x.nbytes)
"""
        time_, share = map(float, in_a_process(code).split())
        show(f"60000 × 784 {dtype}: time, peak over what is stored", f"{time_:.3f} s, {share:.2f}", f"{goal} s, 1.10")


def estimators():
    from sklearn.datasets import load_iris
    from sklearn.neural_network import MLPClassifier as Theirs

    from mfnet.sklearn import MLPClassifier as Ours

    warnings.simplefilter("ignore")
    x, y = load_iris(return_X_y=True)

    def epochs(estimator, count, x, y, **keywords):
        return lambda: estimator(max_iter=count, tol=0, n_iter_no_change=count, random_state=0, **keywords).fit(x, y)

    times = alternating(epochs(Ours, 1, x, y), epochs(Theirs, 1, x, y), rounds=51)
    show("iris, one epoch; scikit-learn", "{:.2f} ms, {:.2f} ms".format(*(1000 * t for t in times)), "0.8 ms")
    ours, theirs = Ours(random_state=0).fit(x, y), Theirs(random_state=0).fit(x, y)
    one = alternating(lambda: ours.predict(x[:1]), lambda: theirs.predict(x[:1]), rounds=301)
    show("iris, prediction of one row; scikit-learn", "{:.0f} µs, {:.0f} µs".format(*(1e6 * t for t in one)), "70 µs")
    # work C of docs/performance.md
    from sklearn.neural_network import MLPRegressor as TheirRegressor

    from mfnet.sklearn import MLPRegressor as OurRegressor

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(16512, 8)), rng.normal(size=16512)
    settings = {"hidden_layer_sizes": (64, 64), "batch_size": 32}
    ours, theirs = alternating(epochs(OurRegressor, 5, x, y, **settings), epochs(TheirRegressor, 5, x, y, **settings))
    show("C, scikit-learn / mfnet", f"{theirs / ours:.1f}", "8")


def seeds_interface():
    import reference.dataloader
    import reference.layer
    import reference.loss
    import reference.nn
    import reference.train
    from mfnet import dataloader, layer, loss, nn, train

    rng = np.random.default_rng(0)
    for sizes, samples, epochs, goal in [
        ((784, 512, 512, 10), 2560, 2, 2),
        ((64, 32, 10), 1797, 20, 1),
        ((4, 8, 3), 150, 50, 1),
    ]:
        x, y = rng.normal(size=(samples, sizes[0])), np.eye(sizes[-1])[rng.integers(0, sizes[-1], samples)]

        def fit(of, x=x, y=y, sizes=sizes, epochs=epochs):
            of.layer.rng = np.random.default_rng(0)
            layers = []
            for inputs, outputs in itertools.pairwise(sizes):
                layers += [of.layer.Linear(inputs, outputs), of.layer.ReLU()]
            net = of.nn.NeuralNetwork(layers[:-1])
            loader = of.dataloader.BatchIterator(128, seed=0)
            of.train.train(net, x, y, epochs, 0.01, loader, of.loss.CELoss(), max_gradient_norm=5)

        class Ours:
            pass

        Ours.layer, Ours.nn, Ours.dataloader, Ours.loss, Ours.train = layer, nn, dataloader, loss, train
        ours, theirs = alternating(lambda: fit(Ours), lambda: fit(reference))
        assert train.last_path == "rust"
        show(f"seed's interface, {sizes}: NumPy / mfnet", f"{theirs / ours:.1f}", str(goal))


def threads():
    import mfnet

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4000, 64)), rng.normal(size=4000)
    columns = {str(i): x[:, i] for i in range(64)} | {"y": y}

    def fit():
        mfnet.Model.fit(columns, "y", epochs=20, hidden=[64], threads=1, progress=False)

    def both():
        workers = [threading.Thread(target=fit) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    one_by_one, together = alternating(lambda: (fit(), fit()), both)
    show("two fits one by one / in two threads", f"{one_by_one / together:.2f}", "1.7")


class InRust:
    """The same in Rust: `mfnet-bench serve`, which answers each line with the seconds of an epoch."""

    def __init__(self, work, *options):
        program = Path(__file__).parents[2] / "target/release/mfnet-bench"
        command = [program, "serve", "--work", work, "--dtype", "f32", "--threads", "1", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def epoch(self):
        print("run", file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline().split()[0])

    def stop(self):
        self.process.kill()
        self.process.wait()


def networks():
    """A loop of one's own and the trainer, compared with those in Rust: cargo build --release -p mfnet-bench"""
    rng = np.random.default_rng(0)
    pixels, classes = rng.integers(0, 256, (60000, 784), dtype=np.uint8), rng.integers(0, 10, 60000)
    network("A128", (pixels, classes), (512, 512, 10), "cross-entropy", batch=128, epochs=1, rounds=7, goal=1)
    x, y = rng.normal(size=(16512, 8)), rng.normal(size=16512)
    network("C", (x, y), (64, 64, 1), "mse", batch=32, epochs=10, rounds=25, goal=2)


def network(work, samples, widths, loss, *, batch, epochs, rounds, goal):
    import mfnet

    data, loss = mfnet.Data(*samples, dtype=np.float32), mfnet.Loss(loss)
    layers = [layer for width in widths for layer in (width, "relu")]
    net = mfnet.Network(samples[0].shape[1], layers[:-1], dtype=np.float32, n_threads=1)
    optimizer = mfnet.Optimizer("sgd", 1e-6)
    trainer = mfnet.Trainer(loss, optimizer, epochs=epochs, batch_size=batch)
    numbers = itertools.count(1)

    def by_loop():
        for _ in range(epochs):
            for some in data.batches(batch, epoch=next(numbers)):
                trace = net.forward(some)
                delta = loss.gradient(trace, some)
                gradients = net.backward(trace, delta)
                optimizer.step(net, gradients)

    def by_trainer():
        trainer.fit(net, data, progress=False)

    for way, train, options in [("a loop", by_loop, ["--by-loop"]), ("the trainer", by_trainer, [])]:
        train()
        rust = InRust(work, *options)
        pairs = [(seconds(train), sum(rust.epoch() for _ in range(epochs))) for _ in range(rounds)]
        rust.stop()
        ours, theirs = (statistics.median(times) / epochs for times in zip(*pairs))
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        found = f"{ours:.4f} s, {theirs:.4f} s: {100 * (ratio - 1):+.1f} %"
        show(f"{work}, one thread, an epoch by {way} in Python, in Rust", found, f"{goal} %")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0))))
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}, {len(os.sched_getaffinity(0))} processors")
    show("", "measured", "goal")
    for part in (imports, data_in, estimators, seeds_interface, threads, networks):
        part()
    print(f"peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
