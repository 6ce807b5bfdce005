//! A loss of your own: the quantile loss, which predicts a value that 90 % of the targets stay below.
//! Run it with `cargo run --release --example own_loss`.

#![allow(clippy::print_stdout)]

use mfnet::model::Predictions;
use mfnet::{
    AdamW, Dataset, Fractions, Loss, Model, NeuralNetwork, Optimizer, Preprocessing, Seed, Targets, Tensor, Trainer,
};

/// The quantile loss for the fraction q, with r = y − ŷ:
///
/// ```text
/// c = Σ_outputs max(q r, (q − 1) r)        ∂c/∂ŷ = −q for r > 0, else 1 − q
/// ```
struct Quantile(f64);

impl Loss<f64> for Quantile {
    fn name(&self) -> &str {
        "quantile"
    }

    fn cost(&self, output: &Tensor, target: &Tensor, sample: usize) -> f64 {
        let residuals = target.column(sample).zip(output.column(sample)).map(|(y, y_hat)| y - y_hat);
        residuals.map(|r| f64::max(self.0 * r, (self.0 - 1.0) * r)).sum()
    }

    fn cost_gradient(&self, output: &Tensor, target: &Tensor, sample: usize, factor: f64, delta: &mut Tensor) {
        let residuals = target.column(sample).zip(output.column(sample)).map(|(y, y_hat)| y - y_hat);
        let slope = |r: f64| if r > 0.0 { -self.0 } else { 1.0 - self.0 };
        delta.column_mut(sample).zip(residuals).for_each(|(delta, r)| *delta = factor * slope(r));
    }
}

fn main() -> mfnet::Result<()> {
    let data = Dataset::built_in("diabetes")?;
    let (train, _, test) = data.split(Fractions { validation: 0.0, test: 0.3 }, Seed(0))?;
    let scale = Preprocessing::fit(&train); // of the targets too; a quantile moves with their scale
    for q in [0.1, 0.5, 0.9] {
        let mut net = NeuralNetwork::builder(data.features()).linear(1).build(Seed(0))?;
        let optimizer = Optimizer::new(AdamW::default(), 3e-3).weight_decay(0.1);
        Trainer::new(Quantile(q), optimizer).epochs(100).run(&mut net, &scale.apply(&train))?;

        let model = Model::new(&data, scale.clone(), net)?;
        let predictions = model.predict_inputs(&test.inputs())?;
        let (Predictions::Values { values, .. }, Targets::Values { values: truth, .. }) = (predictions, test.targets())
        else {
            unreachable!("diabetes has values")
        };
        let rows = test.samples();
        let below = (0..rows).filter(|i| truth.number(*i, 0) <= values.number(*i, 0)).count();
        let mean = (0..rows).map(|i| values.number(i, 0)).sum::<f64>() / rows as f64;
        println!("quantile {q}: mean prediction {mean:.0}, {below} of {rows} test targets are not above it");
    }
    Ok(())
}
