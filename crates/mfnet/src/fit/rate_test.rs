//! The learning-rate range test of a fit.

use std::ops::ControlFlow;

use super::plan::Plan;
use crate::error::{Error, Result};
use crate::model::{AnyNetwork, Model};
use crate::network::NeuralNetwork;
use crate::random::Seed;
use crate::tensor::{Dtype, Scalar};
use crate::train::RateTest;

impl Plan {
    /// Finds a learning rate for this fit, without training: see
    /// [`Trainer::find_rate`](crate::Trainer::find_rate). The steps are those of [`Plan::run`] with a
    /// `learning_rate` of your own, which decides whether sgd clips; of an ensemble, the first network is
    /// used. `look` is called after each step and may stop the test.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use mfnet::Recipe;
    /// use mfnet::data::BUILT_IN;
    /// use mfnet::fit::Plan;
    /// let plan = Plan::new(BUILT_IN[0].table()?, &Recipe::default())?;
    /// let test = plan.find_rate(&mut |_| ControlFlow::Continue(()))?;
    /// assert!((1e-5..0.01).contains(&test.suggestion.unwrap()));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Plan::run`], except divergence, and [`ErrorKind::Recipe`](crate::error::ErrorKind::Recipe) for an
    /// `optimizer` without a learning rate to find.
    pub fn find_rate(&self, look: &mut dyn FnMut(&RateTest) -> ControlFlow<()>) -> Result<RateTest> {
        let optimizer = self.task.recipe.optimizer;
        if optimizer.is_for_all_rows() {
            let message =
                format!("`optimizer` {optimizer} has no learning rate to find: it chooses the lengths of its steps");
            return Err(Error::recipe(message).with_help("choose another `optimizer`, such as adamw"));
        }
        self.task.threads.install(|| match self.task.dtype() {
            Dtype::F64 => self.find_rate_in(AnyNetwork::as_f64, look),
            Dtype::F32 => self.find_rate_in(AnyNetwork::as_f32, look),
        })
    }

    fn find_rate_in<T: Scalar>(
        &self,
        of: impl Fn(&AnyNetwork) -> Option<&NeuralNetwork<T>>,
        look: &mut dyn FnMut(&RateTest) -> ControlFlow<()>,
    ) -> Result<RateTest> {
        let start = self.task.start.as_ref().and_then(|model: &Model| of(&model.networks()[0]));
        let net = start.map_or_else(|| self.network(Seed(self.task.recipe.seed)), |net| Ok(net.clone()))?;
        let train = self.preprocessing.apply(&self.parts.train);
        self.trainer(&self.choices.with_given_rate(&self.task.recipe)).find_rate_while(&net, &train, look)
    }
}
