"""Contract of `dataloader` and `trainutils`."""

import inspect

import numpy as np
import pytest


def rows(n):
    """Row i holds i in the inputs and 10 i in the targets."""
    x = np.arange(float(n))[:, None]
    return np.hstack([x, x + 0.5]), 10 * x


def order(batches):
    """First features of each batch."""
    return [batch.inputs[1].tolist() for batch in batches]


# dataloader


def test_batch(seed):
    batch = seed.dataloader.Batch(1, 2)
    assert isinstance(batch, tuple)
    assert seed.dataloader.Batch._fields == ("inputs", "targets")
    assert (batch.inputs, batch.targets) == tuple(batch) == (1, 2)


def test_batch_iterator_parameters(seed):
    parameters = inspect.signature(seed.dataloader.BatchIterator).parameters
    assert {name: p.default for name, p in parameters.items()} == {
        "batch_size": 128,
        "shuffle": True,
        "seed": None,
    }
    with pytest.raises(TypeError):
        seed.dataloader.BatchIterator(2, False)
    assert isinstance(seed.dataloader.BatchIterator(), seed.dataloader.DataLoader)
    assert seed.dataloader.BatchIterator(5).batch_size == 5


def test_data_loader_needs_call(seed):
    with pytest.raises(TypeError):
        type("Half", (seed.dataloader.DataLoader,), {})()


def test_batches_have_a_row_of_ones(seed):
    batches = list(seed.dataloader.BatchIterator(2, shuffle=False)(*rows(5)))
    assert all(isinstance(batch, seed.dataloader.Batch) for batch in batches)
    assert np.array_equal(batches[0].inputs, [[1, 1], [0, 1], [0.5, 1.5]])
    assert np.array_equal(batches[0].targets, [[1, 1], [0, 10]])
    assert np.array_equal(batches[1].inputs, [[1, 1], [2, 3], [2.5, 3.5]])
    assert np.array_equal(batches[2].inputs, [[1], [4], [4.5]])
    assert np.array_equal(batches[2].targets, [[1], [40]])


def test_batches_come_from_an_iterator(seed):
    batches = iter(seed.dataloader.BatchIterator(2, shuffle=False)(*rows(5)))
    assert order([next(batches)]) == [[0, 1]]
    assert order(batches) == [[2, 3], [4]]
    with pytest.raises(StopIteration):
        next(batches)


def test_batches_are_transposed_views(seed):
    first, second = list(seed.dataloader.BatchIterator(4, shuffle=False)(*rows(8)))
    for name in ("inputs", "targets"):
        a, b = getattr(first, name), getattr(second, name)
        assert a.flags.f_contiguous and not a.flags.c_contiguous
        assert not a.flags.owndata
        assert a.base is b.base


@pytest.mark.parametrize("number", range(8))
def test_blocks_are_shuffled_and_samples_are_not(seed, number):
    starts = np.random.default_rng(number).permutation(np.arange(0, 23, 5))
    expected = [list(map(float, range(s, min(s + 5, 23)))) for s in starts]
    loader = seed.dataloader.BatchIterator(5, seed=number)
    x, y = rows(23)
    for _ in range(2):  # default_rng(seed) is made anew in each call
        batches = list(loader(x, y))
        assert order(batches) == expected
        assert all(np.array_equal(b.targets[1], 10 * b.inputs[1]) for b in batches)


def test_the_short_block_may_come_anywhere(seed):
    places = set()
    for number in range(40):
        batches = seed.dataloader.BatchIterator(5, seed=number)(*rows(13))
        places.add([batch.inputs.shape[1] for batch in batches].index(3))
    assert places == {0, 1, 2}


def test_without_a_seed_the_order_varies(seed):
    loader = seed.dataloader.BatchIterator(1)
    assert order(loader(*rows(50))) != order(loader(*rows(50)))


def test_a_generator_as_seed_goes_on(seed):
    """default_rng returns a Generator that it is given."""
    mine = np.random.default_rng(3)
    loader = seed.dataloader.BatchIterator(1, seed=np.random.default_rng(3))
    for _ in range(3):
        expected = mine.permutation(np.arange(20))
        assert order(loader(*rows(20))) == [[i] for i in expected]


def test_minus_one_is_the_whole_set_and_overwrites_batch_size(seed):
    loader = seed.dataloader.BatchIterator(-1)
    assert order(loader(*rows(5))) == [[0, 1, 2, 3, 4]]
    assert loader.batch_size == 5
    assert sorted(order(loader(*rows(7)))) == [[0, 1, 2, 3, 4], [5, 6]]


def test_batch_size_beyond_the_set(seed):
    assert order(seed.dataloader.BatchIterator(9)(*rows(3))) == [[0, 1, 2]]


@pytest.mark.parametrize("x_type", [np.float32, np.int64, np.int8])
@pytest.mark.parametrize("y_type", [np.float64, np.float32, np.int32])
def test_dtype_is_kept(seed, x_type, y_type):
    x, y = rows(3)
    (batch,) = seed.dataloader.BatchIterator()(x.astype(x_type), y.astype(y_type))
    assert batch.inputs.dtype == x_type
    assert batch.targets.dtype == y_type
    assert np.array_equal(batch.inputs[0], [1, 1, 1])


def test_the_loader_leaves_its_arguments_alone(seed):
    x, y = rows(5)
    for batch in seed.dataloader.BatchIterator(2)(x, y):
        batch.inputs[:] = 9
        batch.targets[:] = 9
    assert np.array_equal(x, rows(5)[0])
    assert np.array_equal(y, rows(5)[1])


def test_the_loader_counts_the_rows(seed):
    with pytest.raises(ValueError) as error:
        list(seed.dataloader.BatchIterator()(np.ones((3, 2)), np.ones((2, 3))))
    assert str(error.value) == "Input and target tensors must have the same number of datapoints."


# train_test_split


@pytest.mark.parametrize("n, test_size, k", [(5, 0.5, 2), (7, 0.5, 4), (10, 0.25, 2), (14, 0.25, 4)])
def test_split_rounds_half_to_even(seed, n, test_size, k):
    x_train, y_train, x_test, y_test = seed.trainutils.train_test_split(*rows(n), test_size)
    assert len(x_test) == len(y_test) == k
    assert len(x_train) == len(y_train) == n - k


@pytest.mark.parametrize("number", range(4))
def test_split_takes_the_first_of_a_permutation_for_the_test(seed, number):
    x, y = rows(23)
    permutation = np.random.default_rng(number).permutation(23)
    test, train = np.sort(permutation[:5]), np.sort(permutation[5:])  # 4.6 rounds to 5
    parts = seed.trainutils.train_test_split(x, y, seed=number)
    for part, expected in zip(parts, (x[train], y[train], x[test], y[test])):
        assert np.array_equal(part, expected)


def test_split_parameters(seed):
    parameters = inspect.signature(seed.trainutils.train_test_split).parameters
    assert [p.default for p in parameters.values()][2:] == [0.2, None]
    assert list(parameters)[2:] == ["test_size", "seed"]


def test_split_without_a_seed_varies(seed):
    x, y = rows(100)
    first, second = (seed.trainutils.train_test_split(x, y)[2] for _ in range(2))
    assert not np.array_equal(first, second)


# Normalization


def test_normalization_fields(seed):
    arrays = [np.zeros(2), np.ones(2), np.zeros(1), np.ones(1)]
    norm = seed.trainutils.Normalization(*arrays)
    for name, array in zip(("x_mu", "x_std", "y_mu", "y_std"), arrays):
        assert getattr(norm, name) is array
    seed.trainutils.Normalization(x_mu=arrays[0], x_std=arrays[1], y_mu=arrays[2], y_std=arrays[3])


def test_normalization_checks_shapes(seed):
    a, b = np.ones(1), np.ones(2)
    with pytest.raises(ValueError) as error:
        seed.trainutils.Normalization(a, b, a, a)
    assert str(error.value) == "X normalization parameters must have the same shape."
    with pytest.raises(ValueError) as error:
        seed.trainutils.Normalization(a, a, b, a)
    assert str(error.value) == "Y normalization parameters must have the same shape."


def samples():
    rng = np.random.default_rng(0)
    return rng.normal(3, 2, (20, 3)), rng.normal(-1, 5, (20, 2))


def test_normalize_and_back(seed):
    x, y = samples()
    x_new, y_new, norm = seed.trainutils.normalize_features(x, y)
    assert isinstance(norm, seed.trainutils.Normalization)
    for old, new, mu, std in ((x, x_new, norm.x_mu, norm.x_std), (y, y_new, norm.y_mu, norm.y_std)):
        assert np.allclose(np.ravel(mu), old.mean(axis=0), rtol=1e-14)
        assert np.allclose(np.ravel(std), old.std(axis=0), rtol=1e-14)
        assert np.allclose(new, (old - old.mean(axis=0)) / old.std(axis=0), rtol=1e-13)
    x_old, y_old = seed.trainutils.denormalize_features(x_new, y_new, norm)
    assert np.allclose(x_old, x, rtol=1e-13)
    assert np.allclose(y_old, y, rtol=1e-13)
    assert np.array_equal(x, samples()[0]) and np.array_equal(y, samples()[1])


def test_normalize_with_given_parameters(seed):
    x, y = samples()
    norm = seed.trainutils.normalize_features(x, y)[2]
    x_new, y_new, same = seed.trainutils.normalize_features(x[:4] + 1, y[:4] + 1, norm)
    assert same is norm
    assert np.allclose(x_new, (x[:4] + 1 - x.mean(axis=0)) / x.std(axis=0), rtol=1e-13)
    assert np.allclose(y_new, (y[:4] + 1 - y.mean(axis=0)) / y.std(axis=0), rtol=1e-13)


def test_normalize_counts_the_samples(seed):
    x, y = samples()
    norm = seed.trainutils.normalize_features(x, y)[2]
    text = "Input tensors must have the same number of samples."
    for call in (seed.trainutils.normalize_features, seed.trainutils.denormalize_features):
        with pytest.raises(ValueError) as error:
            call(x, y[1:], norm)
        assert str(error.value) == text
    with pytest.raises(ValueError) as error:
        seed.trainutils.normalize_features(x, y[1:])
    assert str(error.value) == text


def test_normalize_compares_the_shape_with_the_parameters(seed):
    x, y = samples()
    norm = seed.trainutils.normalize_features(x, y)[2]
    for call in (seed.trainutils.normalize_features, seed.trainutils.denormalize_features):
        for x_other, y_other in ((x[:, :2], y), (x, y[:, :1])):
            with pytest.raises(ValueError) as error:
                call(x_other, y_other, norm)
            assert str(error.value) == ("Input tensors must have the same shape as normalization parameters.")


def test_normalize_names_the_constant_feature(seed):
    x, y = samples()
    x[:, 1] = 4
    with pytest.raises(ValueError, match="feature 1 with zero variance"):
        seed.trainutils.normalize_features(x, y)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_normalize_lets_a_constant_target_pass(seed):
    x, y = samples()
    y[:, 0] = 4
    seed.trainutils.normalize_features(x, y)


# one-hot


@pytest.mark.parametrize("x", [[1, 3, 2], [[1], [3], [2]], [[1, 3, 2]], [[[1.0]], [[3]], [[2]]]])
def test_one_hot_encode_squeezes_and_counts_from_one(seed, x):
    encoded = seed.trainutils.one_hot_encode(np.array(x), 4)
    assert np.array_equal(encoded, [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]])
    assert encoded.dtype == np.float64


def test_one_hot_encode_of_one_sample_is_1d(seed):
    encoded = seed.trainutils.one_hot_encode(np.array([[2.0]]), 3)
    assert encoded.shape == (3,)
    assert np.array_equal(encoded, [0, 1, 0])


def test_one_hot_encode_needs_integers(seed):
    with pytest.raises(ValueError) as error:
        seed.trainutils.one_hot_encode(np.array([1, 1.5]), 3)
    assert str(error.value) == "Input tensor must contain integer class indices."


@pytest.mark.parametrize("index", [0, -1, 4])
def test_one_hot_encode_checks_the_indices(seed, index):
    with pytest.raises(ValueError) as error:
        seed.trainutils.one_hot_encode(np.array([1, index]), 3)
    assert str(error.value) == "Input tensor contains invalid class indices."


def test_one_hot_decode(seed):
    decoded = seed.trainutils.one_hot_decode(np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]))
    assert np.array_equal(np.ravel(decoded), [3, 1, 2, 3])
    assert decoded.dtype == np.int64


@pytest.mark.parametrize("row", [[0, 0, 0], [1, 1, 0], [0.5, 0.5, 0], [2, -1, 0]])
def test_one_hot_decode_checks_the_rows(seed, row):
    with pytest.raises(ValueError) as error:
        seed.trainutils.one_hot_decode(np.array([[1.0, 0, 0], row]))
    assert str(error.value) == "Input tensor must be one-hot encoded."


@pytest.mark.parametrize(
    "x, expected",
    [
        ([[1, 0], [0, 1], [0, 0]], True),
        ([[1, 1], [0, 0]], True),
        ([[1], [0]], True),
        ([[1, 0], [1, 0]], False),  # rows are one-hot, columns are not
        ([[1, 0], [0, 0]], False),
        ([[1, 1], [0, 1]], False),
        ([[0.5, 0], [0.5, 1]], False),
        ([[2, 0], [-1, 1]], False),
        ([[2, 1], [0, 0]], False),
        ([[0, 0], [0, 0]], False),
        ([1, 0], False),
        ([[[1], [0]]], False),
        (1, False),
        ([[np.nan, 1], [1, 0]], False),
    ],
)
def test_is_one_hot(seed, x, expected):
    assert seed.trainutils.is_one_hot(np.array(x, dtype=np.float64)) is expected


# softmax, accuracy


def test_softmax_over_axis_0(seed):
    x = np.array([[1.0, -2], [0, 3], [2, 0.5]])
    out = seed.trainutils.softmax(x)
    assert np.allclose(out, np.exp(x) / np.exp(x).sum(axis=0), rtol=1e-14)
    assert np.allclose(seed.trainutils.softmax(x[:, 0]), out[:, 0], rtol=1e-14)
    assert np.allclose(seed.trainutils.softmax(x + 1000), out, rtol=1e-12)


def test_accuracy_drops_row_0(seed):
    targets = np.array([[1.0, 1, 1, 1], [1, 0, 0, 1], [0, 1, 1, 0]])
    predictions = np.array([[9.0, 9, 9, 9], [0.6, 0.6, 0.1, 2], [0.4, 0.4, 0.2, -1]])
    accuracy = seed.trainutils.accuracy(predictions, targets)
    assert accuracy == 0.75
    assert type(accuracy) is np.float64
