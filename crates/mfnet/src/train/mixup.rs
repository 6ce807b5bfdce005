//! Mixtures of training samples.

use crate::error::{Result, require};
use crate::pass::Pass;
use crate::random::{Purpose, Rng};
use crate::tensor::{Scalar, Tensor};

/// With a larger α, drawing takes long, and all mixtures are nearly halves.
const LARGEST: f64 = 4.0;

/// Mixes each sample of a batch with the next one, the last with the first:
///
/// ```text
/// x ← λ x + (1 − λ) x′        y ← λ y + (1 − λ) y′        λ ~ Beta(α, α), one for each batch
/// ```
///
/// Source: Zhang et al. 2018, who mix each sample with one of a random permutation; batches are shuffled
/// here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mixup {
    pub(super) alpha: f64,
}

impl Mixup {
    pub(super) fn check(self) -> Result<()> {
        let fits = self.alpha > 0.0 && self.alpha <= LARGEST;
        require("mixup", self.alpha, fits, "a number above 0 and at most 4")
    }

    /// Mixes the samples of a batch, counted from 0 within its step. `room` has a column of each matrix.
    pub(super) fn apply<T: Scalar>(self, pass: Pass, batch: usize, of: [&mut Tensor<T>; 2], room: &mut Vec<T>) {
        let Pass::Train { seed, epoch, step } = pass else { return };
        let mut rng = seed.stream(Purpose::Mixture { epoch, step, batch });
        let lambda = T::from_f64(beta(self.alpha, &mut rng));
        of.into_iter().for_each(|matrix| matrix.mix_with_next(lambda, room));
    }
}

/// A number from the beta distribution with α = β, by the method of Jöhnk (1964): of two powers of
/// uniform numbers whose sum is at most 1, the share of the first.
fn beta(alpha: f64, rng: &mut Rng) -> f64 {
    loop {
        // as logarithms, because powers of a small α are 0; 1 − u is never 0
        let [a, b] = [(); 2].map(|()| (1.0 - rng.uniform()).ln() / alpha);
        let most = a.max(b);
        let sum = (a - most).exp() + (b - most).exp();
        if most + sum.ln() <= 0.0 {
            return (a - most).exp() / sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, Preprocessing};
    use crate::loss::{Loss, Mse, Weights};
    use crate::network::NeuralNetwork;
    use crate::optimizer::{Adam, Gradients, Optimizer};
    use crate::random::Seed;
    use crate::train::{SampleOrder, Trainer};

    /// Mean ½ and variance 1/(4 (2 α + 1)), within four standard deviations of 20 000 numbers.
    #[test]
    fn numbers_of_the_beta_distribution() {
        for alpha in [0.1, 0.4, 1.0, 2.5] {
            let mut rng = Seed(3).stream(Purpose::Split);
            let numbers: Vec<f64> = (0..20_000).map(|_| beta(alpha, &mut rng)).collect();
            let n = numbers.len() as f64;
            let mean = numbers.iter().sum::<f64>() / n;
            let variance = numbers.iter().map(|x| (x - 0.5).powi(2)).sum::<f64>() / n;
            let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!((mean - 0.5).abs() < 4.0 * (expected / n).sqrt(), "{alpha}: {mean}");
            // the fourth central moment is at most a quarter of the variance
            assert!((variance - expected).abs() < 4.0 * (expected / 4.0 / n).sqrt(), "{alpha}: {variance}, {expected}");
            assert!(numbers.iter().all(|x| (0.0..=1.0).contains(x)));
        }
        // a uniform distribution: a quarter of the numbers is below a quarter
        let mut rng = Seed(4).stream(Purpose::Split);
        let below = (0..20_000).filter(|_| beta(1.0, &mut rng) < 0.25).count() as f64;
        assert!((below - 5000.0).abs() < 4.0 * (20_000.0 * 0.25 * 0.75_f64).sqrt(), "{below}");
    }

    /// Two epochs of accumulated batches are the loop of the README over mixed batches.
    #[test]
    fn a_training_on_mixtures_is_the_loop_over_them() {
        let data = Dataset::built_in("diabetes").unwrap().select(&(0..90).collect::<Vec<_>>()).unwrap();
        let data = Preprocessing::fit(&data).apply(&data);
        let net = || NeuralNetwork::builder(10).linear(6).tanh().linear(1).build(Seed(1)).unwrap();
        let optimizer = || Optimizer::new(Adam::default(), 0.01);
        let trainer = Trainer::new(Mse, optimizer()).epochs(2).batch_size(20).accumulate(2).seed(Seed(9));
        let mut trained = net();
        trainer.clone().order(SampleOrder::AsTheyAre).mixup(0.4).run(&mut trained, &data).unwrap();

        let (mut by_hand, mut rule) = (net(), optimizer());
        let (x, y): (Tensor, Tensor) = (data.inputs(), data.targets().matrix());
        for epoch in 1..=2 {
            for (step, samples) in (1..).zip((0..90).collect::<Vec<usize>>().chunks(40)) {
                let mut sum: Option<Gradients> = None;
                for (batch, part) in samples.chunks(20).enumerate() {
                    let stream = Purpose::Mixture { epoch, step, batch: 20 * batch };
                    let lambda = beta(0.4, &mut Seed(9).stream(stream));
                    let next: Vec<usize> = (0..part.len()).map(|i| part[(i + 1) % part.len()]).collect();
                    let mixed = |of: &Tensor| {
                        let (a, b) = (of.select_columns(part), of.select_columns(&next));
                        Tensor::from_fn(a.rows(), a.columns(), |i, j| lambda * a[(i, j)] + (1.0 - lambda) * b[(i, j)])
                    };
                    let (x, y) = (mixed(&x), mixed(&y));
                    let trace = by_hand.forward(Pass::Evaluate, &x);
                    let weights = Weights { of_samples: None, divisor: samples.len() as f64 };
                    let gradients = by_hand.backward(&trace, Mse.weighted_gradient(trace.output(), &y, weights));
                    match &mut sum {
                        Some(sum) => sum.add(&gradients),
                        None => sum = Some(gradients),
                    }
                }
                rule.step(&mut by_hand, sum.unwrap());
            }
        }
        for (found, expected) in trained.parameters().zip(by_hand.parameters()) {
            let apart = found.value.iter().zip(expected.value.iter()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(apart < 1e-14, "{apart}");
        }
        let refused = |trainer: Trainer| trainer.run(&mut net(), &data).unwrap_err().to_string();
        assert_eq!(refused(trainer.clone().mixup(0.4).shards(2)), "mixup: expected batches of one shard, found 2");
        assert!(refused(trainer.mixup(0.0)).starts_with("mixup: expected a number above 0 and at most 4"));
    }

    #[test]
    fn each_column_with_the_next() {
        for rows in [1, 5, 70] {
            let before = Tensor::<f64>::from_fn(rows, 4, |i, j| (10 * i + j) as f64);
            let mut after = before.clone();
            after.mix_with_next(0.75, &mut Vec::new());
            let expected = Tensor::from_fn(rows, 4, |i, j| 0.75 * before[(i, j)] + 0.25 * before[(i, (j + 1) % 4)]);
            assert_eq!(after, expected);
        }
    }
}
