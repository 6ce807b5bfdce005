use serde::{Deserialize, Serialize};

use super::elementwise::COST;
use super::spec::{HasSettings, Settings};
use super::{Backward, Layer};
use crate::error::{Error, Result};
use crate::optimizer::{Parameter, ParameterKind};
use crate::pass::Context;
use crate::random::Rng;
use crate::tensor::parts::for_each_columns;
use crate::tensor::{Memo, Scalar, Tensor};

/// An embedding of one category: replaces its one-hot features by a trained vector for each level.
///
/// ```text
/// forward    A = [ A₁ ; O ; A₂ ]  →  [ A₁ ; E O ; A₂ ]        O one-hot, (levels, samples); E (size, levels)
/// backward   ∂J/∂E = Δ_O Oᵀ        ∂J/∂O = Eᵀ Δ_O            Δ_O: the rows of Δ that belong to E O
/// ```
///
/// A sample without a level (all features 0) gets the vector 0. Embed several categories by several layers.
///
/// The same as `torch.nn.Embedding` of the level's number. PyTorch draws E from a normal distribution with deviation 1;
/// here it is uniform from ±1/√size.
#[derive(Clone, Debug)]
pub struct Embedding<T: Scalar = f64> {
    first: usize,
    vectors: Parameter<T>,
}

/// The settings of an [`Embedding`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingSettings {
    /// The first of the one-hot features.
    pub first: usize,
    /// Number of levels.
    pub levels: usize,
    /// Number of elements of a vector.
    pub size: usize,
}

impl<T: Scalar> Embedding<T> {
    fn levels(&self) -> usize {
        self.vectors.value.columns()
    }

    fn size(&self) -> usize {
        self.vectors.value.rows()
    }

    /// Draws the vectors.
    pub(crate) fn draw(&mut self, rng: &mut Rng) {
        let bound = 1.0 / (self.size() as f64).sqrt();
        let draw = |x: &mut T| *x = T::from_f64(bound * (2.0 * rng.uniform() - 1.0));
        self.vectors.value.iter_mut().for_each(draw);
    }
}

impl<T: Scalar> Layer<T> for Embedding<T> {
    fn name(&self) -> String {
        self.settings().words()
    }

    fn output_features(&self, input_features: usize) -> Result<usize> {
        let end = self.first + self.levels();
        if input_features < end {
            return Err(Error::shape("embedding", format!("at least {end} features"), input_features));
        }
        Ok(input_features - self.levels() + self.size())
    }

    #[inline(never)]
    fn forward(&self, _at: &Context, a: &Tensor<T>, z: &mut Tensor<T>, _memo: &mut Memo<T>) {
        let (first, levels, size, rows) = (self.first, self.levels(), self.size(), z.rows());
        for_each_columns(z, COST * (rows + levels) * a.columns(), |mut z| {
            for sample in z.numbers() {
                for row in 0..rows {
                    *z.element(row, sample) = match row.checked_sub(first) {
                        None => a[(row, sample)],
                        Some(i) if i >= size => a[(row - size + levels, sample)],
                        Some(_) => T::ZERO,
                    };
                }
                for (level, x) in (0..levels).map(|level| (level, a[(first + level, sample)])) {
                    if x != T::ZERO {
                        (0..size).for_each(|i| *z.element(first + i, sample) += x * self.vectors.value[(i, level)]);
                    }
                }
            }
        });
    }

    #[inline(never)]
    fn backward(&self, _at: &Context, pass: Backward<'_, T>) {
        let Backward { input: a, delta, gradients: [dj_de], input_gradient, .. } = pass else { return };
        let (first, levels, size) = (self.first, self.levels(), self.size());
        dj_de.fill(T::ZERO);
        for sample in 0..a.columns() {
            for (level, x) in (0..levels).map(|level| (level, a[(first + level, sample)])) {
                if x != T::ZERO {
                    (0..size).for_each(|i| dj_de[(i, level)] += x * delta[(first + i, sample)]);
                }
            }
        }
        let Some(dj_da) = input_gradient else { return };
        for sample in 0..a.columns() {
            for (row, d) in dj_da.column_mut(sample).enumerate() {
                *d = match row.checked_sub(first) {
                    None => delta[(row, sample)],
                    Some(level) if level >= levels => delta[(row - levels + size, sample)],
                    Some(level) => {
                        let products = (0..size).map(|i| self.vectors.value[(i, level)] * delta[(first + i, sample)]);
                        products.sum()
                    }
                };
            }
        }
    }

    fn parameters<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Parameter<T>)) {
        visit("weight", &self.vectors);
    }

    fn parameters_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Parameter<T>)) {
        visit("weight", &mut self.vectors);
    }
}

impl<T: Scalar> HasSettings for Embedding<T> {
    type Settings = EmbeddingSettings;
    fn settings(&self) -> EmbeddingSettings {
        EmbeddingSettings { first: self.first, levels: self.levels(), size: self.size() }
    }
}

impl Settings for EmbeddingSettings {
    type Of<T: Scalar> = Embedding<T>;

    fn check(&self) -> Result<()> {
        if self.levels > 0 && self.size > 0 {
            return Ok(());
        }
        let found = format!("{} levels of {}", self.levels, self.size);
        Err(Error::invalid("embedding", "at least one level and one number for each", found))
    }

    fn layer<T: Scalar>(&self, features: usize) -> Result<Embedding<T>> {
        let EmbeddingSettings { first, levels, size } = *self;
        if first.checked_add(levels).is_none_or(|end| end > features) {
            return Err(Error::shape("embedding", format!("{levels} features from {first} on"), features));
        }
        Ok(Embedding { first, vectors: Parameter::new(ParameterKind::Embeddings, Tensor::zeros(size, levels)) })
    }

    fn tensor(&self) -> Option<(&'static str, [usize; 2])> {
        Some(("weight", [self.size, self.levels]))
    }

    fn words(&self) -> String {
        format!("embedding of {} levels", self.levels)
    }

    fn torch(&self) -> String {
        format!("Embedding({}, {}, {})", self.first, self.levels, self.size)
    }

    const TORCH_CLASS: &'static str = "\
class Embedding(nn.Module):  # of one-hot features
    def __init__(self, first, levels, size):
        super().__init__()
        self.sizes, self.weight = [first, levels], nn.Parameter(torch.zeros(size, levels))

    def forward(self, x):
        before, one_hot, after = x.tensor_split([self.sizes[0], sum(self.sizes)], 1)
        return torch.cat([before, one_hot @ self.weight.T, after], 1)
";
}
