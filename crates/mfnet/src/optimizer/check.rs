//! Which settings an optimizer refuses.

use mfnet_table::shortest;

use super::group::Factors;
use super::{AnyRule, Clip, Group, Optimizer, ParameterKind, Schedule};
use crate::error::{Error, Result, require};
use crate::tensor::Scalar;
use crate::tensor::parts::MOST_STATES;

impl<T: Scalar> Optimizer<T> {
    /// Checks all settings.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) naming the invalid
    /// setting.
    pub fn check(&self) -> Result<()> {
        let (rate, decay) = (self.learning_rate, self.weight_decay);
        require("learning rate", rate, rate.is_finite() && rate > 0.0, "a positive number")?;
        require("weight decay", decay, decay.is_finite() && decay >= 0.0, "0 or a positive number")?;
        if let AnyRule::Elements(rule) = &self.rule {
            let states = rule.states();
            let expected = format!("at most {MOST_STATES}; a MatrixRule may have more");
            require("states of the rule", states as f64, states <= MOST_STATES, &expected)?;
        }
        self.check_rule(rate, decay)?;
        self.groups.iter().try_for_each(Group::check)?;
        self.schedule.check()?;
        for (name, x) in [("L1 penalty", self.l1), ("largest norm of a unit's weights", self.max_norm)] {
            require(name, x, x >= 0.0 && x.is_finite(), "0 or a positive number")?;
        }
        let warm_up = self.warm_up;
        require("epochs of the warm-up", warm_up, warm_up >= 0.0 && warm_up.is_finite(), "0 or a positive number")?;
        self.decay_schedule.check_without_losses("schedule of the weight decay")?;
        if self.searches() {
            self.check_search()?;
        }
        self.clip.map_or(Ok(()), Clip::check)
    }

    /// Refuses what a line search cannot follow.
    fn check_search(&self) -> Result<()> {
        let is_other_rate = |group: &Group| group.rate != 0.0 && group.rate != 1.0;
        let unfit = [
            ("clipping", self.clip.is_some()),
            ("an L1 penalty", self.l1 > 0.0),
            ("a largest norm", self.max_norm > 0.0),
            ("a schedule", self.schedule != Schedule::Constant || self.decay_schedule != Schedule::Constant),
            ("a warm-up", self.warm_up > 0.0),
            ("a learning rate of a group", self.groups.iter().any(is_other_rate)),
        ];
        match unfit.iter().find(|(_, is)| *is) {
            Some((what, _)) => Err(Error::invalid("optimizer", format!("a rule that can have {what}"), "lbfgs")),
            None => Ok(()),
        }
    }

    /// Returns an error if a group names a layer without such parameters, or if its factors make an
    /// invalid rate or decay. `kinds` has the name of each layer and the kinds of its parameters.
    pub(crate) fn check_groups(&self, kinds: &[(String, Vec<ParameterKind>)]) -> Result<()> {
        self.groups.iter().try_for_each(|group| group.check_layer(kinds))?;
        for (layer, (_, kinds)) in kinds.iter().enumerate() {
            for kind in kinds {
                let Factors { rate, decay } = Group::factors(&self.groups, layer, *kind);
                self.check_rule(self.learning_rate * rate, self.weight_decay * decay)?;
            }
        }
        Ok(())
    }

    fn check_rule(&self, rate: f64, decay: f64) -> Result<()> {
        match &self.rule {
            AnyRule::Elements(rule) => rule.check(rate, decay),
            AnyRule::Matrices(rule) => rule.check(rate, decay),
            AnyRule::Lbfgs(rule) => rule.check(),
        }
    }
}

/// Weight decay alone is W ← W − η λ W: with η λ ≥ 1 each step flips the signs of all weights or
/// sets them to zero.
pub(super) fn require_decay_that_shrinks(rate: f64, decay: f64) -> Result<()> {
    let product = rate * decay;
    if product < 1.0 {
        return Ok(());
    }
    let expected = "less than 1 (each step multiplies the weights by 1 minus this product)";
    let [rate, decay, product] = [rate, decay, product].map(shortest);
    Err(Error::invalid("learning rate × weight decay", expected, format_args!("{rate} × {decay} = {product}")))
}
