//! A layer of your own, checked by finite differences and trained.
//! Run it with `cargo run --release --example own_layer`.

#![allow(clippy::print_stdout)]

use mfnet::layer::{Backward, Context, Layer, Memo};
use mfnet::network::gradient_check;
use mfnet::optimizer::Parameter;
use mfnet::{AdamW, Dataset, Mse, NeuralNetwork, Optimizer, Preprocessing, Seed, Tensor, Trainer};

/// Bends each feature: z = a + γ a², with a trained γ for each feature. With Δ = ∂J/∂Z:
///
/// ```text
/// ∂J/∂γ = (Δ ⊙ A²) 1        ∂J/∂A = Δ ⊙ (1 + 2 γ A)
/// ```
#[derive(Clone, Debug)]
struct Bend(Parameter<f64>);

impl Layer<f64> for Bend {
    fn name(&self) -> String {
        "bend".to_owned()
    }

    fn forward(&self, _at: &Context, a: &Tensor, z: &mut Tensor, _memo: &mut Memo<f64>) {
        let gamma = &self.0.value;
        *z = Tensor::from_fn(a.rows(), a.columns(), |j, i| a[(j, i)] + gamma[(j, 0)] * a[(j, i)] * a[(j, i)]);
    }

    fn backward(&self, _at: &Context, pass: Backward<'_, f64>) {
        let (a, delta, gamma) = (pass.input, pass.delta, &self.0.value);
        let of_row = |j| delta.row(j).zip(a.row(j)).map(|(delta, a)| delta * a * a).sum();
        pass.gradients[0] = Tensor::from_fn(a.rows(), 1, |j, _| of_row(j));
        if let Some(dj_da) = pass.input_gradient {
            let of = |j, i| delta[(j, i)] * (1.0 + 2.0 * gamma[(j, 0)] * a[(j, i)]);
            *dj_da = Tensor::from_fn(a.rows(), a.columns(), of);
        }
    }

    fn parameters<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Parameter<f64>)) {
        visit("gamma", &self.0);
    }

    fn parameters_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Parameter<f64>)) {
        visit("gamma", &mut self.0);
    }
}

fn main() -> mfnet::Result<()> {
    let data = Dataset::built_in("diabetes")?;
    let scaled = Preprocessing::fit(&data).apply(&data);
    let bend = Bend(Parameter::weights(Tensor::zeros(data.features(), 1)));
    let mut net = NeuralNetwork::builder(data.features()).layer(bend).linear(1).build(Seed(0))?;
    let check = gradient_check(&mut net, &Mse, &scaled.inputs(), &scaled.targets().matrix())?;
    println!("{net}\nrelative error of {} gradients: {:.1e}", check.parameters, check.relative_error);
    Trainer::new(Mse, Optimizer::new(AdamW::default(), 1e-2)).epochs(50).run(&mut net, &scaled)?;
    let gamma: Vec<f64> = net.parameters().flat_map(|p| p.value.iter().copied()).take(data.features()).collect();
    println!("gamma of {}: {gamma:.2?}", data.feature_names().join(", "));
    Ok(())
}
