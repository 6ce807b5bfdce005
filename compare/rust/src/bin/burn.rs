//! burn with its backend `flex`, which it recommends for processors: its own automatic differentiation.
//!
//! Best settings: AVX-512 in the product, another allocator, tensors and the update written out, which is what burn's `Sgd` computes without the
//! visits to a module. The harness sets the threads.

use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::module::linear;
use burn::tensor::{Device, FloatDType, Int, Tensor, TensorData};
use compare_rust::{LEARNING_RATE, Result, Run, Work, serve};

fn main() -> Result<()> {
    serve("burn 0.22.1", |work, f64| {
        let mut device = Device::flex();
        device.configure(if f64 { FloatDType::F64 } else { FloatDType::F32 })?;
        Ok(if work.predicts() { prediction(work, &device) } else { training(work, &device.autodiff()) })
    })
}

type Parameters = (Tensor<2>, Tensor<1>);

fn matrix(values: Vec<f32>, shape: (usize, usize), device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, [shape.0, shape.1]), device)
}

/// W (in, out) and b of each layer.
fn weights(work: Work, device: &Device) -> Vec<Parameters> {
    let vector = |values: Vec<f32>| Tensor::from_data(values.as_slice(), device);
    work.weights().into_iter().map(|layer| (matrix(layer.w, layer.shape, device), vector(layer.b))).collect()
}

fn forward(layers: &[Parameters], mut x: Tensor<2>) -> Tensor<2> {
    for (l, (w, b)) in layers.iter().enumerate() {
        x = linear(x, w.clone(), Some(b.clone()));
        if l + 1 < layers.len() {
            x = relu(x);
        }
    }
    x
}

fn prediction(work: Work, device: &Device) -> Run {
    let layers = weights(work, device);
    let input = matrix(work.inputs(), (1, work.layers[0]), device);
    Box::new(move || {
        forward(&layers, input.clone());
        Ok(0.0)
    })
}

enum Targets {
    Labels(Tensor<2, Int>),
    Values(Tensor<2>),
}

/// The mean loss of the chosen samples.
fn mean_loss(output: Tensor<2>, targets: &Targets, chosen: Tensor<1, Int>) -> Tensor<1> {
    match targets {
        Targets::Labels(labels) => log_softmax(output, 1).gather(1, labels.clone().select(0, chosen)).mean().neg(),
        Targets::Values(values) => (output - values.clone().select(0, chosen)).square().mean(),
    }
}

/// W ← W − η ∂J/∂W.
fn updated<const D: usize>(parameter: &Tensor<D>, gradient: Option<Tensor<D>>) -> Tensor<D> {
    let step = gradient.expect("every parameter has a gradient").mul_scalar(LEARNING_RATE);
    Tensor::from_inner(parameter.clone().inner() - step).require_grad()
}

fn training(work: Work, device: &Device) -> Run {
    let numbers = work.inputs();
    let targets = match work.classifies() {
        true => Targets::Labels(Tensor::<1, Int>::from_data(work.labels().as_slice(), device).unsqueeze_dim(1)),
        false => Targets::Values(matrix(work.values(&numbers), (work.samples, 1), device)),
    };
    let inputs = matrix(numbers, (work.samples, work.layers[0]), device);
    let mut layers = weights(work, device);
    for (w, b) in &mut layers {
        (*w, *b) = (w.clone().require_grad(), b.clone().require_grad());
    }
    let (mut order, device) = (work.orders(), device.clone());
    Box::new(move || {
        let mut sum_of_losses = 0.0;
        for chosen in order().chunks(work.batch) {
            let indices = Tensor::<1, Int>::from_data(chosen, &device);
            let output = forward(&layers, inputs.clone().select(0, indices.clone()));
            let loss = mean_loss(output, &targets, indices);
            let mut gradients = loss.backward();
            for (w, b) in &mut layers {
                *w = updated(w, w.grad_remove(&mut gradients));
                *b = updated(b, b.grad_remove(&mut gradients));
            }
            sum_of_losses += loss.into_scalar::<f64>() * chosen.len() as f64;
        }
        Ok(sum_of_losses / work.samples as f64)
    })
}
