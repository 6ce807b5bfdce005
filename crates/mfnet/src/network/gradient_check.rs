use super::NeuralNetwork;
use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::pass::Pass;
use crate::random::Seed;
use crate::tensor::Tensor;

/// The difference between back-propagation and central differences; see [`gradient_check`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientCheck {
    /// ‖g − d‖ / (‖g‖ + ‖d‖) over all parameters: g from back-propagation, d from central
    /// differences. 0 if both are 0.
    pub relative_error: f64,
    /// The largest |g − d| of a parameter.
    pub largest_difference: f64,
    /// Number of parameters compared.
    pub parameters: usize,
}

/// Compares the gradients of back-propagation with central differences, for any network, loss and
/// batch:
///
/// ```text
/// d = (J(w + h) − J(w − h)) / 2h        h = 10⁻⁵ max(1, |w|)
/// ```
///
/// `input` has shape (features, samples), `target` (outputs, samples). In `f64`, a correct network
/// stays below a relative error of 10⁻⁶. If a ReLU is within h of its kink, the differences are
/// wrong, not the gradient.
///
/// All passes are those of seed 0, epoch 1, step 1, so random layers draw the same numbers in each.
/// The cost is two forward passes a parameter. The network is unchanged afterwards.
///
/// ```
/// use mfnet::network::gradient_check;
/// use mfnet::{HalfMse, NeuralNetwork, Seed, Tensor};
/// let mut net = NeuralNetwork::builder(2).linear(3).tanh().linear(1).build(Seed(0))?;
/// let (x, y) = (Tensor::from_rows([[1.0, 2.0], [0.5, -1.0]]), Tensor::from_rows([[1.0, 0.0]]));
/// let check = gradient_check(&mut net, &HalfMse, &x, &y)?;
/// assert!(check.relative_error < 1e-6);
/// # Ok::<(), mfnet::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the shapes do not fit the network.
pub fn gradient_check(
    net: &mut NeuralNetwork<f64>,
    loss: &dyn Loss<f64>,
    input: &Tensor<f64>,
    target: &Tensor<f64>,
) -> Result<GradientCheck> {
    net.check_input("gradient_check", input.rows())?;
    if target.shape() != (net.outputs(), input.columns()) {
        let (expected, found) = ((net.outputs(), input.columns()), target.shape());
        return Err(Error::shape("gradient_check", format!("targets {expected:?}"), format!("{found:?}")));
    }
    let pass = Pass::Train { seed: Seed(0), epoch: 1, step: 1 };
    let trace = net.forward(pass, input);
    let gradients = net.backward(&trace, loss.gradient(trace.output(), target));
    let analytic: Vec<f64> = gradients.iter().flat_map(Tensor::iter).copied().collect();
    let mut numeric = Vec::with_capacity(analytic.len());
    let sizes: Vec<usize> = net.parameters().map(|p| p.value.iter().len()).collect();
    for (matrix, size) in sizes.into_iter().enumerate() {
        for element in 0..size {
            let w = element_of(net, matrix, element, |w| *w);
            let h = 1e-5 * w.abs().max(1.0);
            let mut loss_at = |x: f64| {
                element_of(net, matrix, element, |w| *w = x);
                loss.value(net.forward(pass, input).output(), target)
            };
            // the true distance of the two points, after rounding
            let difference = (loss_at(w + h) - loss_at(w - h)) / ((w + h) - (w - h));
            loss_at(w);
            numeric.push(difference);
        }
    }
    let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
    let differences = || analytic.iter().zip(&numeric).map(|(g, d)| g - d);
    let scale = norm(&mut analytic.iter().copied()) + norm(&mut numeric.iter().copied());
    Ok(GradientCheck {
        relative_error: if scale == 0.0 { 0.0 } else { norm(&mut differences()) / scale },
        largest_difference: differences().fold(0.0, |most, d| most.max(d.abs())),
        parameters: analytic.len(),
    })
}

/// Calls `f` with one parameter: element `element` of matrix `matrix`.
fn element_of<R>(net: &mut NeuralNetwork<f64>, matrix: usize, element: usize, f: impl FnOnce(&mut f64) -> R) -> R {
    let parameter = net.parameters_mut().nth(matrix).expect("the matrices were counted");
    f(parameter.value.iter_mut().nth(element).expect("the elements were counted"))
}
