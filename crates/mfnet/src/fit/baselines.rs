use super::observer::Observer;
use super::plan::Plan;
use super::verdict::comparison;
use crate::data::Dataset;
use crate::error::Result;
use crate::metric::{Comparison, Metrics};
use crate::model::Model;
use crate::network::NeuralNetwork;
use crate::train::{linear_model_while, naive_model};
use std::ops::ControlFlow;

/// The models that the network has to beat on the test rows.
#[derive(Clone, Debug, Default)]
pub struct Baselines {
    /// [`crate::naive_model`].
    pub naive: Option<Baseline>,
    /// [`crate::linear_model`].
    pub linear: Option<Baseline>,
}

/// How good a baseline is.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// On the test rows.
    pub metrics: Metrics,
    /// By how much the network is better on them.
    pub comparison: Option<Comparison>,
    /// Its loss on the validation rows, or on the training rows if there are none.
    pub loss: Option<f64>,
    /// Its accuracy on the validation rows, for classes.
    pub accuracy: Option<f64>,
}

impl Baselines {
    /// Fitted to the training rows, which are scaled; scored on the test rows, which are not. None if nobody wants
    /// them or the observer stops before. Also whether it stopped.
    pub(super) fn of(
        plan: &Plan,
        train: &Dataset,
        network: &Model,
        observer: &mut dyn Observer,
    ) -> Result<(Self, bool)> {
        let interrupted = observer.baseline(0) == ControlFlow::Break(());
        let test = &plan.parts.test;
        if plan.task.recipe.no_baselines || interrupted || test.samples() == 0 {
            return Ok((Baselines::default(), interrupted));
        }
        let rows = if plan.validates() { &plan.parts.validation } else { &plan.parts.train };
        let predictions = network.predict_dataset(test)?;
        let baseline = |net: NeuralNetwork| -> Result<Baseline> {
            let mut model = Model::new(&plan.task.data, plan.preprocessing.clone(), net)?;
            model.training.loss = Some(plan.loss.to_string());
            let comparison =
                comparison(&predictions, &model.predict_dataset(test)?, test.targets(), test.group_numbers());
            // there is a curve of it then
            let has_accuracy = plan.task.data.classes() > 0 && plan.validates();
            let accuracy = has_accuracy.then(|| model.evaluate(rows)).transpose()?.as_ref().map(Metrics::headline);
            Ok(Baseline { metrics: model.evaluate(test)?, comparison, loss: model.evaluate_loss(rows)?, accuracy })
        };
        let naive = Some(baseline(naive_model(train)?)?);
        let mut stopped = false;
        let linear = linear_model_while(train, |steps| {
            let flow = observer.baseline(steps);
            stopped |= flow == ControlFlow::Break(());
            flow
        })?;
        let linear = if stopped { None } else { Some(baseline(linear)?) };
        Ok((Baselines { naive, linear }, stopped))
    }
}
