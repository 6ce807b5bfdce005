use std::sync::{Arc, OnceLock};

use mfnet_table::shortest;

use super::baselines::Baselines;
use super::choices::Choices;
use super::names::Task as Kind;
use super::notes::Findings;
use super::observer::Observer;
use super::parts::Parts;
use super::recipe::Recipe;
use super::source::Input;
use super::summary::{Fit, Summary};
use super::task::Task;
use super::{calibration, network, order, training};
use crate::data::{Dataset, Link, Preprocessing, SplitBy, Targets};
use crate::error::{Error, ErrorKind, KeptWeights, Result};
use crate::layer::{ActivationName, AnyLayer, LayerSpec};
use crate::loss::LossName;
use crate::model::{AnyNetwork, Model};
use crate::network::NeuralNetwork;
use crate::optimizer::{Clip, Schedule};
use crate::random::Seed;
use crate::tensor::{Dtype, Scalar};
use crate::text::escaped;
use crate::train::{Checkpoint, History, Monitor, SampleOrder, Session, StopReason};

/// A fit before its first step: all data are read and all settings are chosen, but nothing is
/// trained.
///
/// ```
/// use mfnet::Recipe;
/// use mfnet::data::BUILT_IN;
/// use mfnet::fit::Plan;
/// let digits = BUILT_IN[0].table()?;
/// let plan = Plan::new(digits, &Recipe::default())?;
/// assert_eq!((plan.recipe().batch_size, plan.recipe().epochs), (Some(8), Some(100)));
/// assert!(plan.introduction().starts_with("digits: 1 797 rows, 64 features; target digit: classification, 10 classes"));
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) task: Arc<Task>,
    pub(super) parts: Arc<Parts>,
    pub(super) preprocessing: Preprocessing,
    pub(super) choices: Choices,
    /// All layers except the output layer, for a new network.
    pub(super) layers: Arc<[LayerSpec]>,
    pub(crate) loss: LossName,
    pub(super) order: Arc<SampleOrder>,
    pub(super) findings: Arc<OnceLock<Findings>>,
}

impl Plan {
    /// Reads the files of the recipe, splits the rows, and chooses the settings that the recipe
    /// leaves open.
    ///
    /// # Errors
    /// As [`crate::fit()`], before the training.
    pub fn new<'a>(input: impl Into<Input<'a>>, recipe: &Recipe) -> Result<Self> {
        if recipe.folds.is_some() {
            return Err(Error::recipe("`folds` asks for several fits, not for one"));
        }
        Ok(Self::folds(input, recipe)?.remove(0))
    }

    /// Makes a plan for each fold of the recipe, all with the settings chosen for the first; one
    /// plan without folds.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn folds<'a>(input: impl Into<Input<'a>>, recipe: &Recipe) -> Result<Vec<Self>> {
        let task = Arc::new(Task::new(input.into(), recipe)?);
        let parts = match recipe.folds {
            None => vec![Parts::new(&task, None)?],
            // too many folds end at the first one
            Some(count) => (1..=count).map(|fold| Parts::new(&task, Some(fold))).collect::<Result<_>>()?,
        };
        let choices = Choices::new(recipe, &parts[0].train, parts[0].validation.samples() > 0);
        let weighted = parts.into_iter().map(|parts| parts.weighted(&task).map(Arc::new));
        weighted.map(|parts| Self::with(&task, &parts?, choices.clone())).collect()
    }

    /// A plan for these rows.
    pub(super) fn with(task: &Arc<Task>, parts: &Arc<Parts>, choices: Choices) -> Result<Self> {
        let recipe = &task.recipe;
        let loss = loss_of(task)?;
        let preprocessing = match (&task.start, loss) {
            (Some(model), _) => model.preprocessing().clone(),
            (None, LossName::Poisson) => {
                Preprocessing::fit_with(choices.scale, &parts.train).with_log_link(&parts.train)
            }
            (None, _) => Preprocessing::fit_with(choices.scale, &parts.train),
        };
        training::check(recipe, &choices)?;
        check_monitor(task, parts.validation.samples() > 0)?;
        calibration::check(task, parts.validation.samples() > 0)?;
        let order = order::of(recipe, task.data.samples(), &parts.train_rows, choices.epochs)?;
        let layers = match &task.start {
            Some(_) => Vec::new(),
            None => network::layers(recipe, &choices.hidden, &task.data, &preprocessing)?,
        };
        check_dropout_of_start(task)?;
        let (task, parts, order) = (Arc::clone(task), Arc::clone(parts), Arc::new(order));
        let findings = Arc::new(OnceLock::new());
        let plan = Plan { task, parts, preprocessing, choices, layers: layers.into(), loss, order, findings };
        if !plan.task.recipe.freeze.is_empty() {
            let kinds = match plan.task.start.as_ref().map(Model::network) {
                Some(AnyNetwork::F64(net)) => net.parameter_kinds(),
                Some(AnyNetwork::F32(net)) => net.parameter_kinds(),
                None => plan.network::<f32>(Seed(0))?.parameter_kinds(),
            };
            training::check_frozen(&plan.task.recipe.freeze, &kinds)?;
        }
        Ok(plan)
    }

    /// The recipe with all settings filled in: a fit of the same data with it gives the same model.
    pub fn recipe(&self) -> Recipe {
        let (recipe, choices) = (self.task.recipe.clone(), self.choices.clone());
        let (validation, test) = match self.parts.split.by {
            SplitBy::Fractions(fractions) | SplitBy::Groups { fractions, .. } | SplitBy::Time { fractions, .. } => {
                (Some(fractions.validation), self.task.test.is_none().then_some(fractions.test))
            }
            SplitBy::Official { validation } | SplitBy::Column { validation, .. } => (validation, None),
            SplitBy::Fold { validation, .. } | SplitBy::TimeFold { validation, .. } => (Some(validation), None),
        };
        let (activation, recipe_layers) = (recipe.activation, recipe.layers.clone());
        let decided = Recipe {
            loss: Some(self.loss),
            // it is a part of the loss, unless it has a schedule
            label_smoothing: match recipe.label_smoothing_schedule {
                Schedule::Constant => 0.0,
                _ => recipe.label_smoothing,
            },
            learning_rate: Some(choices.learning_rate),
            weight_decay: Some(choices.weight_decay),
            schedule: Some(choices.schedule),
            clip_norm: match choices.clip {
                Some(Clip::Global(norm)) => Some(norm),
                Some(Clip::PerLayer(_) | Clip::PerLayerExactly(_)) => None,
                None => Some(0.0),
            },
            // all rows, which is no number to give
            batch_size: (!recipe.optimizer.is_for_all_rows()).then_some(choices.batch_size),
            epochs: Some(choices.epochs),
            early_stopping: Some(choices.early_stopping.unwrap_or(0)),
            test_fraction: test,
            validation_fraction: validation,
            split_seed: Some(recipe.split_seed()),
            ..recipe
        };
        // the model of the warm start determines the rest
        if self.task.start.is_some() {
            return decided;
        }
        let is_given = recipe_layers.is_some();
        Recipe {
            target: self.task.data.targets().columns().to_vec(),
            task: Some(self.task.kind()),
            label_separator: match self.task.data.targets() {
                Targets::Labels { separator, .. } => separator.clone(),
                _ => None,
            },
            activation: (!is_given && !choices.hidden.is_empty()).then_some(activation.unwrap_or(ActivationName::Relu)),
            hidden: (!is_given).then_some(choices.hidden),
            dtype: Some(self.task.dtype()),
            header: self.task.header,
            scale: Some(choices.scale),
            ..decided
        }
    }

    /// The levels in the data that the warm start model does not know, a line for each column;
    /// empty if it knows all.
    pub fn unknown_levels(&self) -> &str {
        &self.task.unknown
    }

    /// The test rows, with their indices in the data or in the test file.
    pub fn test(&self) -> (&Dataset, &[usize]) {
        (&self.parts.test, &self.parts.test_rows)
    }

    /// What is watched on the validation rows.
    pub(crate) fn monitor(&self) -> Monitor {
        self.task.recipe.monitor
    }

    /// Whether the loss is the squared error.
    pub(super) fn is_squared_error(&self) -> bool {
        matches!(self.loss, LossName::Mse | LossName::HalfMse)
    }

    /// Whether there are validation rows.
    pub(crate) fn validates(&self) -> bool {
        self.parts.validation.samples() > 0
    }

    #[cfg(feature = "report")]
    /// Whether weights are averaged.
    pub(crate) fn averages(&self) -> bool {
        self.task.recipe.average.is_some()
    }

    #[cfg(feature = "report")]
    /// Whether the training loss has label smoothing that the validation loss does not have.
    pub(crate) fn smooths_targets(&self) -> bool {
        self.task.recipe.label_smoothing_schedule != Schedule::Constant
    }

    #[cfg(feature = "report")]
    /// How targets are scaled for training, in words.
    pub(crate) fn scaling_of_targets(&self) -> Option<&'static str> {
        self.preprocessing.targets.as_ref().map(|_| match self.preprocessing.link {
            Link::Log => "divided by their mean",
            _ => "standardized to mean 0 and standard deviation 1",
        })
    }

    /// Trains and scores the network, and compares it with the baselines.
    ///
    /// # Errors
    /// [`ErrorKind::Diverged`] if the training diverges, and errors of the observer.
    pub fn run(&self, observer: &mut dyn Observer) -> Result<Fit> {
        self.run_from(None, observer)
    }

    /// As [`Plan::run`], from a checkpoint of a fit with the same plan; see [`Observer::checkpoint`].
    /// The result has the same bits as that of a fit that was never stopped, with any number of
    /// threads.
    ///
    /// # Errors
    /// As [`Plan::run`], and [`ErrorKind::OtherTraining`] if data or settings differ.
    pub fn resume(&self, checkpoint: &Checkpoint, observer: &mut dyn Observer) -> Result<Fit> {
        self.check_resumes(checkpoint)?;
        self.run_from(Some(checkpoint), observer)
    }

    fn run_from(&self, checkpoint: Option<&Checkpoint>, observer: &mut dyn Observer) -> Result<Fit> {
        self.task.threads.install(|| {
            let (model, histories, train) = self.trained(checkpoint, observer)?;
            let (baselines, interrupted) = Baselines::of(self, &train, &model, observer)?;
            let mut summary = Summary::new(self, &model, &histories, baselines)?;
            summary.interrupted |= interrupted;
            Ok(Fit { model, histories, summary, plan: self.clone() })
        })
    }

    /// A trained model, with the histories of its networks and the scaled training rows.
    pub(super) fn trained(
        &self,
        checkpoint: Option<&Checkpoint>,
        observer: &mut dyn Observer,
    ) -> Result<(Model, Vec<History>, Dataset)> {
        let start = self.task.start.as_ref().map_or(&[][..], Model::networks).iter();
        match self.task.dtype() {
            Dtype::F64 => {
                self.trained_in(start.filter_map(AnyNetwork::as_f64).cloned().collect(), checkpoint, observer)
            }
            Dtype::F32 => {
                self.trained_in(start.filter_map(AnyNetwork::as_f32).cloned().collect(), checkpoint, observer)
            }
        }
    }

    /// `start`: the networks of the warm start; none for new ones.
    fn trained_in<T: Scalar>(
        &self,
        start: Vec<NeuralNetwork<T>>,
        checkpoint: Option<&Checkpoint>,
        observer: &mut dyn Observer,
    ) -> Result<(Model, Vec<History>, Dataset)>
    where
        AnyNetwork: From<NeuralNetwork<T>>,
    {
        let nets = if start.is_empty() { self.networks()? } else { start };
        let [train, validation] =
            [&self.parts.train, &self.parts.validation].map(|part| self.preprocessing.apply(part));
        let (sessions, result) = self.train(nets, [&train, &validation], checkpoint, observer)?;
        let parts = sessions.into_iter().map(Session::into_parts);
        let (nets, histories): (Vec<AnyNetwork>, Vec<History>) =
            parts.map(|(net, history)| (net.into(), history)).unzip();
        if let Err(error) = result {
            if let ErrorKind::Diverged { kept, .. } = error.kind() {
                let epoch = if let KeptWeights::Epoch(epoch) = kept { *epoch } else { 0 };
                let epochs = |history: &History| match history.stop {
                    StopReason::Diverged => (epoch, epoch),
                    _ => (history.epochs.len(), history.best_epoch),
                };
                let epochs: Vec<_> = histories.iter().map(epochs).collect();
                observer.diverged(&self.model(nets, &epochs)?, *kept);
            }
            return Err(error);
        }
        let epochs: Vec<_> = histories.iter().map(|history| (history.epochs.len(), history.best_epoch)).collect();
        let mut model = self.model(nets, &epochs)?;
        if self.validates() {
            // errors that are not finite make no intervals; the scores say so
            let _ = model.learn_intervals(&self.parts.validation);
        }
        self.calibrate(&mut model)?;
        observer.trained(&model, &histories)?;
        Ok((model, histories, train))
    }

    /// A model of the networks, each after a number of epochs and with the weights of its best one.
    pub(super) fn model(&self, nets: Vec<AnyNetwork>, epochs: &[(usize, usize)]) -> Result<Model> {
        let mut model = Model::of_ensemble(&self.task.data, self.preprocessing.clone(), nets)?;
        model.training = self.training(epochs);
        Ok(model)
    }
}

/// The loss of the task; an error if the recipe names one that does not fit.
fn loss_of(task: &Task) -> Result<LossName> {
    let (recipe, kind) = (&task.recipe, task.kind());
    let usual = match kind {
        Kind::Classification => LossName::CrossEntropy,
        Kind::MultiLabel => LossName::BinaryCrossEntropy,
        Kind::Regression => LossName::Mse,
    };
    let before = task.start.as_ref().and_then(|model| model.training.loss.as_ref()?.parse().ok());
    let loss = recipe.loss.or(before).unwrap_or(usual);
    let loss = match recipe.label_smoothing {
        0.0 => loss,
        label_smoothing if matches!(loss, LossName::CrossEntropy | LossName::SmoothedCrossEntropy { .. }) => {
            match recipe.label_smoothing_schedule {
                Schedule::Constant => LossName::SmoothedCrossEntropy { label_smoothing },
                // the trainer smooths the targets
                _ => LossName::CrossEntropy,
            }
        }
        _ if kind == Kind::Classification => {
            let message = format!("`label_smoothing` works only with `loss` cross-entropy, not with {loss}");
            return Err(Error::recipe(message).with_help("add `loss` cross-entropy, or leave `label_smoothing` out"));
        }
        _ => {
            let message = format!("`label_smoothing` needs classes, but the task is a {}", kind.noun());
            return Err(Error::recipe(message).with_help("leave `label_smoothing` out"));
        }
    };
    if loss.kind() != kind.kind() {
        let fitting = LossName::ALL.into_iter().filter(|loss| loss.kind() == kind.kind());
        let fitting = fitting.map(LossName::word).collect::<Vec<_>>().join(", ");
        let help = match task.start {
            Some(_) => "the model of `warm_start` has the task: leave `loss` out",
            None => "to change the task, use `task` regression, classification or multi-label",
        };
        let message = format!("`loss` {loss} does not fit a {}: expected one of {fitting}", kind.noun());
        return Err(Error::recipe(message).with_help(help));
    }
    if let Some(start) = &task.start
        && (start.preprocessing().link == Link::Log) != (loss == LossName::Poisson)
    {
        let outputs = if loss == LossName::Poisson { "values, not logarithms" } else { "logarithms of values" };
        let message = format!("`loss` {loss} does not fit the model of `warm_start`, whose outputs are {outputs}");
        return Err(Error::recipe(message).with_help("leave `loss` out"));
    }
    if loss == LossName::Poisson {
        check_counts(task)?;
    }
    Ok(loss)
}

/// Refuses a schedule of the dropout if the model of the warm start has none.
fn check_dropout_of_start(task: &Task) -> Result<()> {
    let Some(start) = task.start.as_ref().filter(|_| task.recipe.dropout_schedule != Schedule::Constant) else {
        return Ok(());
    };
    let drops = match &start.networks()[0] {
        AnyNetwork::F64(net) => net.layers().iter().any(AnyLayer::drops),
        AnyNetwork::F32(net) => net.layers().iter().any(AnyLayer::drops),
    };
    if drops {
        return Ok(());
    }
    let message = "`dropout_schedule` needs dropout, but the model of `warm_start` has none";
    Err(Error::recipe(message).with_help("leave `dropout_schedule` out"))
}

/// Refuses to watch a metric without validation rows, or one of the other task.
fn check_monitor(task: &Task, validates: bool) -> Result<()> {
    let (recipe, kind) = (&task.recipe, task.kind());
    let (monitor, min_delta) = (recipe.monitor, recipe.min_delta);
    if !validates && (monitor != Monitor::Loss || min_delta > 0.0) {
        let field = if min_delta > 0.0 { "min_delta" } else { "monitor" };
        return Err(Error::recipe(format!("`{field}` needs validation rows, but there are none"))
            .with_help("give a `validation_fraction`, such as 0.1"));
    }
    let fits = |monitor: &Monitor| match monitor.is_for_classes() {
        None => true,
        Some(true) => kind == Kind::Classification,
        Some(false) => kind == Kind::Regression,
    };
    if fits(&monitor) {
        return Ok(());
    }
    let fitting: Vec<&str> = Monitor::ALL.into_iter().filter(fits).map(Monitor::word).collect();
    let fitting = fitting.join(", ");
    Err(Error::recipe(format!("`monitor` {monitor} does not fit a {}: expected one of {fitting}", kind.noun())))
}

/// Refuses negative targets.
fn check_counts(task: &Task) -> Result<()> {
    for data in [Some(&task.data), task.test.as_ref()].into_iter().flatten() {
        let Targets::Values { columns, values } = data.targets() else { continue };
        for (i, column) in columns.iter().enumerate() {
            if let Some(negative) = values.feature(i).find(|y| *y < 0.0) {
                let (data, column) = (escaped(data.name()), escaped(column));
                let message = format!(
                    "`loss` poisson needs targets of 0 or more, but {column} of {data} has {}",
                    shortest(negative)
                );
                return Err(Error::recipe(message).with_help("choose another `loss`, such as huber or mse"));
            }
        }
    }
    Ok(())
}
