//! A regression from data to a model file: diabetes after a year, with the linear model beside it.

#![allow(clippy::print_stdout)]

use mfnet::train::linear_model;
use mfnet::{AdamW, Dataset, Fractions, Model, Mse, NeuralNetwork, Optimizer, Preprocessing, Seed, Trainer};

fn main() -> mfnet::Result<()> {
    let data = Dataset::built_in("diabetes")?;
    let (train, validation, test) = data.split(Fractions { validation: 0.1, test: 0.2 }, Seed(0))?;
    let scale = Preprocessing::fit(&train);

    let mut net = NeuralNetwork::builder(data.features()).linear(64).relu().linear(1).build(Seed(0))?;
    let history = Trainer::new(Mse, Optimizer::new(AdamW::default(), 1e-3).weight_decay(0.5))
        .epochs(200)
        .validate_on(&scale.apply(&validation))
        .early_stopping(20)
        .run(&mut net, &scale.apply(&train))?;
    println!("{} epochs, best {}", history.epochs.len(), history.best_epoch);

    let linear = Model::new(&data, scale.clone(), linear_model(&scale.apply(&train))?)?;
    let model = Model::new(&data, scale, net)?;
    println!("network  {}", model.evaluate(&test)?);
    println!("linear   {}", linear.evaluate(&test)?);

    let path = std::env::temp_dir().join("mfnet-example.safetensors");
    model.save(&path)?;
    assert_eq!(Model::load(&path)?.evaluate(&test)?, model.evaluate(&test)?);
    Ok(())
}
