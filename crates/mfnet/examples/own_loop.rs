//! Your own training loop: forward, loss, gradient, backward, step.
//! Run it with `cargo run --release --example own_loop`.

#![allow(clippy::print_stdout)]

use mfnet::{Adam, CrossEntropy, Dataset, Fractions, Loss, NeuralNetwork, Optimizer, Pass, Preprocessing, Seed};

fn main() -> mfnet::Result<()> {
    let (train, validation, test) =
        Dataset::built_in("digits")?.split(Fractions { validation: 0.1, test: 0.2 }, Seed(0))?;
    let scale = Preprocessing::fit(&train); // mean and standard deviation of the training rows
    let [train, validation, test] = [train, validation, test].map(|data| scale.apply(&data));
    let (inputs, targets) = (validation.inputs(), validation.targets().matrix());

    let mut net = NeuralNetwork::builder(train.features()).linear(64).relu().linear(train.classes()).build(Seed(0))?;
    let (loss, mut optimizer) = (CrossEntropy, Optimizer::new(Adam::default(), 1e-3));
    println!("epoch  training loss  validation loss");
    for epoch in 1..=10 {
        let (mut sum, mut steps) = (0.0, 0.0);
        for batch in train.batches(32).shuffled(Seed(0), epoch) {
            let trace = net.forward(batch.pass(), batch.inputs());
            sum += loss.value(trace.output(), batch.targets());
            steps += 1.0;
            let delta = loss.gradient(trace.output(), batch.targets());
            let gradients = net.backward(&trace, delta);
            optimizer.step(&mut net, gradients);
        }
        let of_validation = loss.value(net.forward(Pass::Evaluate, &inputs).output(), &targets);
        println!("{epoch:>5}  {:>13.4}  {of_validation:>15.4}", sum / steps);
    }
    println!("\ntest rows: {}", net.evaluate(&test)?);
    Ok(())
}
