//! The matrix products, in multiply-adds a second: `cargo bench -p mfnet --bench products`.
#![allow(clippy::unwrap_used)]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use mfnet::{Scalar, Tensor, Threads};

fn main() {
    divan::main();
}

/// Outputs, inputs, samples: layers of the works A128, A1024, C and D, one sample, one strip, and a shape that fits nothing.
const SHAPES: [(usize, usize, usize); 8] = [
    (512, 784, 128),
    (512, 512, 128),
    (512, 784, 1024),
    (64, 64, 32),
    (10, 784, 128),
    (512, 512, 1),
    (64, 512, 48),
    (65, 33, 130),
];

fn numbers<T: Scalar>(rows: usize, columns: usize) -> Tensor<T> {
    Tensor::from_fn(rows, columns, |i, j| T::from_f64(((i * 7 + j * 13) as f64).sin()))
}

/// Z = W A.
#[divan::bench(types = [f32, f64], args = SHAPES)]
fn forward<T: Scalar>(bencher: Bencher, (outputs, inputs, samples): (usize, usize, usize)) {
    let (w, a) = (numbers::<T>(outputs, inputs), numbers::<T>(inputs, samples));
    let mut z = Tensor::zeros(outputs, samples);
    one_thread(bencher, outputs * inputs * samples, || z.set_product(black_box(&w), black_box(&a)));
}

/// ∂J/∂W = Δ Aᵀ.
#[divan::bench(types = [f32, f64], args = SHAPES)]
fn weight_gradient<T: Scalar>(bencher: Bencher, (outputs, inputs, samples): (usize, usize, usize)) {
    let (delta, a) = (numbers::<T>(outputs, samples), numbers::<T>(inputs, samples));
    let mut dj_dw = Tensor::zeros(outputs, inputs);
    one_thread(bencher, outputs * inputs * samples, || {
        dj_dw.set_product(black_box(&delta), black_box(&a).transposed());
    });
}

/// ∂J/∂A = Wᵀ Δ, the transpose of W included.
#[divan::bench(types = [f32, f64], args = SHAPES)]
fn input_gradient<T: Scalar>(bencher: Bencher, (outputs, inputs, samples): (usize, usize, usize)) {
    let (w, delta) = (numbers::<T>(outputs, inputs), numbers::<T>(outputs, samples));
    let mut dj_da = Tensor::zeros(inputs, samples);
    one_thread(bencher, outputs * inputs * samples, || {
        dj_da.set_product(black_box(&w).transposed(), black_box(&delta));
    });
}

fn one_thread(bencher: Bencher, multiply_adds: usize, mut product: impl FnMut()) {
    let one = Threads::new(1).unwrap();
    one.install(|| bencher.counter(ItemsCount::new(multiply_adds)).bench_local(&mut product));
}
