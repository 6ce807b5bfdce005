"""scikit-learn: `MLPClassifier` and `MLPRegressor` with plain SGD, one epoch for each `partial_fit`.

Best settings: no momentum, no penalty, constant rate, so that nothing is computed that the others do not compute; `partial_fit` checks and
copies less than `fit` with `warm_start`. A network without hidden layers is `hidden_layer_sizes=()`. The harness sets the threads of OpenBLAS.
"""

import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

import data
from protocol import serve
from works import LEARNING_RATE, Work


def prepare(work: Work, dtype: str, threads: int):
    kind = MLPClassifier if work.classifies else MLPRegressor
    model = kind(
        hidden_layer_sizes=work.layers[1:-1],
        solver="sgd",
        alpha=0,
        batch_size=work.batch,
        learning_rate_init=LEARNING_RATE,
        momentum=0,
        nesterovs_momentum=False,
        random_state=0,
    )
    inputs, targets = data.samples(work, dtype)
    targets = targets.ravel()
    if not work.classifies:
        # its loss is half of the squared error
        return lambda: 2 * model.partial_fit(inputs, targets).loss_
    return lambda: model.partial_fit(inputs, targets, classes=range(10)).loss_


if __name__ == "__main__":
    serve(f"scikit-learn {sklearn.__version__}", prepare)
