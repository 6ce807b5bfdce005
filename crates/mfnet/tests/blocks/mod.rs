//! Networks with residual blocks, for the tests of gradients and of training.

use mfnet::network::Builder;
use mfnet::{Activation, NeuralNetwork, Scalar, Seed};

/// g(z) = z σ(z), which keeps z for its derivative.
fn swish<T: Scalar>() -> Activation<T> {
    let sigma = |z: T| T::ONE / (T::ONE + (-z).exp());
    Activation::custom("swish", move |z| z * sigma(z), move |z| sigma(z) + z * sigma(z) * (T::ONE - sigma(z)))
}

/// Blocks where they can stand, `features` → `outputs`: at the beginning, at the end, in a row, one in another, with an activation at
/// either end of them or behind them. Those of one size have `width` features, and more inside.
pub(crate) fn networks<T: Scalar>(features: usize, width: usize, outputs: usize) -> Vec<NeuralNetwork<T>> {
    let more = width + 1;
    let start = || NeuralNetwork::builder(features).dtype::<T>();
    let block = |b: Builder<T>| b.residual(|b| b.relu().linear(more).tanh().linear(width));
    let builders = [
        block(start().linear(width)).linear(outputs),
        // at the beginning, where nobody needs the gradient of the input; and at the end
        start().residual(|b| b.relu().linear(more).tanh().linear(features)).linear(outputs),
        start().linear(outputs).residual(|b| b.relu().linear(more).tanh().linear(outputs)),
        // two in a row behind a linear layer and an activation
        block(block(start().linear(width).relu())).linear(outputs),
        // an activation at the end, behind a linear layer, behind another activation, and alone
        start().linear(width).residual(|b| b.linear(more).linear(width).sigmoid()).linear(outputs),
        start().linear(width).residual(|b| b.linear(width).tanh().relu()).linear(outputs),
        start().linear(outputs).tanh().residual(|b| b.tanh()),
        // an activation behind the sum
        start().linear(width).residual(|b| b.linear(more).relu().linear(width)).relu().linear(outputs),
        start().linear(width).residual(|b| b.linear(width).tanh()).sigmoid().linear(outputs),
        // one in another: between other layers, first, last, and both
        start()
            .linear(width)
            .residual(|b| b.relu().linear(more).residual(|c| c.relu().linear(width).tanh().linear(more)).linear(width))
            .linear(outputs),
        block(start().linear(width).relu().residual(|b| block(b).linear(width))).linear(outputs),
        start().linear(width).residual(|b| block(b.linear(width).tanh())).relu().linear(outputs),
        start().linear(width).residual(|b| b.residual(|c| c.linear(width).relu())).tanh().linear(outputs),
        // activations of one's own
        start()
            .linear(width)
            .activation(swish())
            .residual(|b| b.activation(swish()).linear(width).activation(swish()))
            .activation(swish())
            .linear(outputs),
    ];
    builders.into_iter().zip(1..).map(|(builder, seed)| builder.build(Seed(seed)).expect("layers that fit")).collect()
}
