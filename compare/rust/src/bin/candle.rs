//! candle: its own automatic differentiation and its own plain SGD.
//!
//! Best settings: AVX-512 in the product, another allocator, W stored (in, out) so that no product transposes it. The harness sets the threads.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::loss::{cross_entropy, mse};
use candle_nn::{Optimizer, SGD};
use compare_rust::{LEARNING_RATE, Run, Work, serve};

fn main() -> compare_rust::Result<()> {
    serve("candle 0.11.1", |work, f64| {
        let dtype = if f64 { DType::F64 } else { DType::F32 };
        Ok(if work.predicts() { prediction(work, dtype)? } else { training(work, dtype)? })
    })
}

fn tensor(values: Vec<f32>, shape: (usize, usize), dtype: DType) -> Result<Tensor> {
    Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype)
}

/// W and b of each layer.
fn weights(work: Work, dtype: DType) -> Result<Vec<(Tensor, Tensor)>> {
    let layers = work.weights().into_iter();
    layers
        .map(|layer| Ok((tensor(layer.w, layer.shape, dtype)?, tensor(layer.b, (1, layer.shape.1), dtype)?)))
        .collect()
}

fn forward(layers: &[(Tensor, Tensor)], input: &Tensor) -> Result<Tensor> {
    let mut x = input.clone();
    for (l, (w, b)) in layers.iter().enumerate() {
        x = x.matmul(w)?.broadcast_add(b)?;
        if l + 1 < layers.len() {
            x = x.relu()?;
        }
    }
    Ok(x)
}

fn prediction(work: Work, dtype: DType) -> Result<Run> {
    let layers = weights(work, dtype)?;
    let input = tensor(work.inputs(), (1, work.layers[0]), dtype)?;
    Ok(Box::new(move || {
        forward(&layers, &input)?;
        Ok(0.0)
    }))
}

fn training(work: Work, dtype: DType) -> Result<Run> {
    let numbers = work.inputs();
    let targets = match work.classifies() {
        true => Tensor::from_vec(work.labels(), work.samples, &Device::Cpu)?,
        false => tensor(work.values(&numbers), (work.samples, 1), dtype)?,
    };
    let inputs = tensor(numbers, (work.samples, work.layers[0]), dtype)?;
    let mut variables = Vec::new();
    let mut layers = Vec::new();
    for (w, b) in weights(work, dtype)? {
        let (w, b) = (Var::from_tensor(&w)?, Var::from_tensor(&b)?);
        layers.push((w.as_tensor().clone(), b.as_tensor().clone()));
        variables.extend([w, b]);
    }
    let mut rule = SGD::new(variables, LEARNING_RATE)?;
    let mut order = work.orders();
    Ok(Box::new(move || {
        let mut sum_of_losses = 0.0;
        for chosen in order().chunks(work.batch) {
            let indices = Tensor::new(chosen, &Device::Cpu)?;
            let (x, y) = (inputs.index_select(&indices, 0)?, targets.index_select(&indices, 0)?);
            let output = forward(&layers, &x)?;
            let loss = if work.classifies() { cross_entropy(&output, &y)? } else { mse(&output, &y)? };
            rule.backward_step(&loss)?;
            sum_of_losses += loss.to_dtype(DType::F64)?.to_scalar::<f64>()? * chosen.len() as f64;
        }
        Ok(sum_of_losses / work.samples as f64)
    }))
}
