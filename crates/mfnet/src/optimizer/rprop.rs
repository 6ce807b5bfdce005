use super::{Rule, Update, require};
use crate::error::Result;
use crate::tensor::Scalar;
use crate::tensor::kernel::vectorised;

/// Rprop, as in `torch.optim.Rprop`, for gradients of all samples at once.
///
/// ```text
/// G ← ∂J/∂W + λ W                  G′: the G of the step before, 0 at first
/// R ← 1.2 R if G G′ > 0, 0.5 R if G G′ < 0, kept between two limits      (R starts at η)
/// G ← 0 where G G′ < 0
/// W ← W − R sign(G)
/// ```
///
/// The learning rate η, usually 0.01, is only the first step size: a schedule changes nothing. PyTorch
/// has no weight decay here. Source: Riedmiller and Braun 1993, in the form without a step back
/// (Rprop⁻ with G = 0, called iRprop⁻ by Igel and Hüsken 2000).
///
/// ```
/// use mfnet::Optimizer;
/// use mfnet::optimizer::RProp;
/// let optimizer: Optimizer = Optimizer::new(RProp::default(), 0.01);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RProp {
    /// Factors of R after a change of sign and without one: below 1 and above 1.
    pub factors: [f64; 2],
    /// The limits of R.
    pub step_sizes: [f64; 2],
}

impl Default for RProp {
    /// The factors 0.5 and 1.2, step sizes from 10⁻⁶ to 50, as in the article and in PyTorch.
    fn default() -> Self {
        RProp { factors: [0.5, 1.2], step_sizes: [1e-6, 50.0] }
    }
}

impl<T: Scalar> Rule<T> for RProp {
    fn name(&self) -> &str {
        "rprop"
    }

    fn states(&self) -> usize {
        2
    }

    #[inline(never)]
    fn update(&self, Update { step, rate, decay }: Update, w: &mut [T], g: &[T], state: &mut [&mut [T]]) {
        let [before, sizes] = state else { return };
        // weights that do not learn
        if rate == 0.0 {
            return;
        }
        if step == 1 {
            sizes.fill(T::from_f64(rate));
        }
        let lambda = T::from_f64(decay);
        let [fall, rise] = self.factors.map(T::from_f64);
        let [least, most] = self.step_sizes.map(T::from_f64);
        vectorised(w.iter_mut().zip(g).zip(before.iter_mut()).zip(sizes.iter_mut()), |(((w, g), before), size)| {
            let g = *g + lambda * *w;
            let product = g * *before;
            let factor = if product > T::ZERO {
                rise
            } else if product < T::ZERO {
                fall
            } else {
                T::ONE
            };
            let changed = *size * factor;
            let changed = if changed > most { most } else { changed };
            *size = if changed < least { least } else { changed };
            let g = if product < T::ZERO { T::ZERO } else { g };
            *w -= *size * super::sign(g);
            *before = g;
        });
    }

    fn follows_rate(&self) -> bool {
        false
    }

    fn check(&self, _rate: f64, _decay: f64) -> Result<()> {
        let ([fall, rise], [least, most]) = (self.factors, self.step_sizes);
        require("factor that shortens steps", fall, fall > 0.0 && fall < 1.0, "a number between 0 and 1")?;
        require("factor that lengthens steps", rise, rise > 1.0 && rise.is_finite(), "a number above 1")?;
        require("smallest step size", least, least >= 0.0 && least <= most, "at most the largest step size")?;
        require("largest step size", most, most.is_finite() && most > 0.0, "a positive number")
    }
}
