"""The settings of all contestants: for each purpose and library those that were tried on validation rows. The first was chosen."""

from harness.fits import Contestant


def mfnet(hidden: str, rate: float, batch: int, epochs: int) -> Contestant:
    """mfnet with AdamW, decay 0.1 and one cycle, as it is by itself."""
    options = ("--hidden", hidden, "--learning-rate", rate, "--batch-size", batch, "--epochs", epochs, "--dtype", "f32")
    return Contestant("mfnet", "mfnet", (*options, "--weight-decay", 0.1, "--schedule", "one-cycle"))


def torch(hidden: str, rate: float, batch: int, epochs: int, scale: str = "standard", decay: float = 0.1, **more: int) -> Contestant:
    """PyTorch with the same, as its users write it: biases decay too, and one cycle turns the first beta as well."""
    sizes = [int(size) for size in hidden.split(",")]
    settings = {"hidden": sizes, "learning_rate": rate, "weight_decay": decay, "batch": batch, "epochs": epochs, "scale": scale}
    return Contestant("PyTorch", "torch", settings=settings | more)


def mlp(hidden: str, scale: str = "standard", **more: object) -> Contestant:
    """scikit-learn's network with its own early stopping, and what differs from its defaults."""
    sizes = [int(size) for size in hidden.split(",")]
    parameters = {"hidden_layer_sizes": sizes, "early_stopping": True} | more
    return Contestant("scikit-learn, MLP", "mlp", settings={"scale": scale, "parameters": parameters})


def steps(hidden: str, rate: float, batch: int, epochs: int) -> Contestant:
    """The same for so many epochs."""
    return mlp(hidden, learning_rate_init=rate, batch_size=batch, max_iter=epochs, early_stopping=False)


def boosting(**parameters: object) -> Contestant:
    """scikit-learn's trees, and what differs from their defaults."""
    return Contestant("scikit-learn, HistGradientBoosting", "boosting", settings={"parameters": parameters})


def housing(hidden: str, rate: float, batch: int, epochs: int, decay: float = 0.1, **more: int) -> Contestant:
    """PyTorch for California Housing, whose columns do best by rank."""
    return torch(hidden, rate, batch, epochs, "quantile", decay, **more)


#: `page_tries.right` says which one is to be the first.
TRIED: dict[str, dict[str, list[Contestant]]] = {
    "california": {
        "torch": [
            housing("256,256,256", 0.005, 64, 61),
            housing("256,256,256", 0.002, 64, 61),
            housing("256,256,256", 0.005, 128, 61),
            housing("256,256,256", 0.01, 256, 61),
            housing("256,256,256", 0.005, 64, 61, decay=0.01),
            housing("256,256,256", 0.005, 64, 61, decay=0.3),
            housing("256,256,256", 0.005, 64, 100),
            housing("512,512,512", 0.005, 128, 61),
            torch("256,256,256", 0.005, 64, 61),
        ],
        "mlp": [
            mlp("256,256", "quantile", learning_rate_init=0.003),
            mlp("256,256"),
            mlp("256,256", "quantile"),
            mlp("256,256", "quantile", alpha=1.0),
            mlp("256,256", "quantile", batch_size=64),
            mlp("256,256,256", "quantile"),
            mlp("256,256,256", "quantile", n_iter_no_change=30),
            mlp("256,256,256", "quantile", n_iter_no_change=30, alpha=1.0),
        ],
        "boosting": [
            boosting(max_iter=1000, learning_rate=0.05, n_iter_no_change=50),
            boosting(),
            boosting(max_iter=1000),
            boosting(max_iter=1000, learning_rate=0.05),
            boosting(max_iter=1000, learning_rate=0.05, max_leaf_nodes=63),
            boosting(max_iter=1000, learning_rate=0.05, n_iter_no_change=50, l2_regularization=10.0),
            boosting(max_iter=1000, learning_rate=0.05, n_iter_no_change=50, min_samples_leaf=50),
        ],
    },
    "mnist": {
        "torch": [
            torch("512,512", 0.005, 256, 15),
            torch("512,512,512", 0.003, 128, 15),
            torch("256,256,256", 0.005, 64, 15),
            torch("512,512", 0.005, 128, 15),
        ],
        "mlp": [mlp("256,256"), mlp("256,256", batch_size=500), mlp("256,256", alpha=1.0), mlp("512,512")],
        "boosting": [boosting()],
    },
    "mnist-97": {
        "mfnet": [mfnet("128,128", 0.008, 128, 2), mfnet("128,128", 0.005, 64, 2), mfnet("256,256", 0.005, 128, 2)],
        "torch": [torch("128,128", 0.008, 256, 2), torch("256,256", 0.008, 256, 2)],
        "mlp": [
            steps("128,128", 0.003, 400, 4),
            steps("128,128", 0.002, 200, 4),
            steps("128,128", 0.003, 128, 2),
            steps("256,256", 0.001, 200, 3),
        ],
    },
    "mnist-98": {
        "mfnet": [
            mfnet("256,256", 0.005, 256, 4),
            mfnet("256,256", 0.005, 128, 4),
            mfnet("256,256", 0.008, 128, 3),
            mfnet("384,384", 0.005, 128, 4),
            mfnet("512", 0.005, 128, 5),
        ],
        "torch": [
            torch("256,256", 0.005, 128, 4),
            torch("256,256", 0.008, 256, 4),
            torch("256,256", 0.01, 512, 4),
            torch("512,512", 0.003, 256, 5),
        ],
        "mlp": [
            steps("512,512", 0.0005, 400, 12),
            steps("256,256", 0.001, 400, 16),
            steps("256,256", 0.0005, 400, 16),
            steps("256,256", 0.001, 400, 10),
            steps("256,256", 0.0005, 200, 8),
        ],
    },
    "mnist-98.5": {
        "mfnet": [
            mfnet("768,768", 0.005, 256, 10),
            mfnet("512,512", 0.005, 256, 10),
            mfnet("512,512", 0.005, 128, 12),
            mfnet("512,512", 0.004, 128, 10),
            mfnet("512,512", 0.006, 256, 12),
            mfnet("512,512", 0.005, 256, 14),
            mfnet("1024,1024", 0.003, 128, 10),
        ],
        "torch": [
            torch("512,512", 0.005, 256, 14),
            torch("768,768", 0.004, 256, 10),
            torch("512,512", 0.006, 256, 12),
            torch("512,512", 0.005, 256, 10),
            torch("512,512", 0.005, 128, 12),
        ],
    },
    "california-0.55": {
        "mfnet": [
            mfnet("64,64,64", 0.01, 64, 8),
            mfnet("64,64,64", 0.01, 64, 7),
            mfnet("64,64,64", 0.015, 64, 7),
            mfnet("96,96,96", 0.01, 64, 7),
            mfnet("128,128", 0.01, 64, 8),
        ],
        "torch": [
            housing("96,96,96", 0.02, 256, 8),
            housing("128,128", 0.02, 256, 8),
            housing("128,128", 0.02, 512, 10),
            housing("128,128", 0.01, 128, 7),
            housing("128,128", 0.02, 256, 8, threads=1),
            torch("128,128", 0.02, 256, 8),
            torch("128,128", 0.02, 256, 12),
        ],
        "boosting": [
            boosting(max_iter=10, learning_rate=0.3),
            boosting(max_iter=12, learning_rate=0.3),
            boosting(max_iter=15, learning_rate=0.2),
        ],
    },
    "california-0.50": {
        "mfnet": [
            mfnet("96,96,96", 0.01, 64, 32),
            mfnet("128,128,128", 0.01, 64, 30),
            mfnet("128,128,128", 0.015, 64, 30),
            mfnet("128,128,128", 0.015, 128, 30),
            mfnet("192,192,192", 0.01, 64, 20),
        ],
        "torch": [
            housing("128,128,128", 0.015, 256, 44),
            housing("128,128,128", 0.012, 128, 34),
            housing("128,128,128", 0.01, 128, 30),
            housing("192,192,192", 0.015, 256, 36),
            housing("128,128,128", 0.015, 256, 44, threads=1),
            housing("96,96,96", 0.012, 128, 34),
        ],
        "boosting": [
            boosting(max_iter=25, learning_rate=0.3, max_leaf_nodes=63),
            boosting(max_iter=30, learning_rate=0.3),
            boosting(max_iter=45, learning_rate=0.2),
            boosting(max_iter=40, learning_rate=0.2, max_leaf_nodes=63),
        ],
    },
}


def chosen(purpose: str, library: str) -> Contestant:
    """The first that was tried."""
    return TRIED[purpose][library][0]
