//! One training, from rows that are divided to files and scores.

use mfnet::{
    Activation, AnyNetwork, Dataset, Dtype, EpochRecord, Error, KeptWeights, Model, NeuralNetwork, Preprocessing,
    Result as LibraryResult, SampleOrder, Scalar, Seed, Trainer, Training,
};

use super::choices::Choices;
use super::folder::RunFolder;
use super::observer::{Observer, Save};
use super::order;
use super::parts::Parts;
use super::report::Report;
use super::settings::Settings;
use super::task::Task;
use crate::args::word;
use crate::columns;
use crate::failure::Failure;
use crate::output::{as_read, counted};
use crate::report::{Course, Levels, Report as Page};

/// Everything that is decided before the first step.
pub(super) struct Job<'a> {
    pub(super) task: &'a Task<'a>,
    pub(super) parts: Parts,
    pub(super) preprocessing: Preprocessing,
    pub(super) settings: Settings,
    order: SampleOrder,
}

impl<'a> Job<'a> {
    pub(super) fn new(task: &'a Task<'a>, parts: Parts, choices: Choices) -> Result<Self, Failure> {
        let preprocessing = match &task.start {
            Some(model) => model.preprocessing().clone(),
            None => Preprocessing::fit_with(choices.scale, &parts.train),
        };
        let settings = Settings::new(task.args, choices)?.for_task(task.args, &task.data)?;
        let order = order::of(task, &parts, settings.choices.epochs)?;
        Ok(Job { task, parts, preprocessing, settings, order })
    }

    /// Trains, saves, scores, and writes down what came out.
    pub(super) fn run(&self, folder: &RunFolder) -> Result<Report, Failure> {
        self.task.threads.install(|| match self.task.start.as_ref().map(Model::network) {
            Some(AnyNetwork::F64(net)) => self.run_in(net.clone(), folder),
            Some(AnyNetwork::F32(net)) => self.run_in(net.clone(), folder),
            None => match self.task.dtype() {
                Dtype::F64 => self.run_in(self.network::<f64>()?, folder),
                Dtype::F32 => self.run_in(self.network::<f32>()?, folder),
            },
        })
    }

    fn run_in<T: Scalar>(&self, mut net: NeuralNetwork<T>, folder: &RunFolder) -> Result<Report, Failure>
    where
        AnyNetwork: From<NeuralNetwork<T>>,
    {
        let preprocessing = &self.preprocessing;
        let (train, validation) = (preprocessing.apply(&self.parts.train), preprocessing.apply(&self.parts.validation));
        let save = |net: &NeuralNetwork<T>, epochs: usize, best_epoch: usize| -> LibraryResult<Model> {
            let mut model = Model::new(&self.task.data, preprocessing.clone(), net.clone())?;
            model.training = self.training(epochs, best_epoch);
            model.save(folder.model())?;
            Ok(model)
        };
        let mut observer = Observer::new(self.task.args, folder, self.task.interrupt, &save);
        let result = self.trainer(&validation).run_with(&mut net, &train, &mut observer);
        let epochs = observer.finish();
        let history = match result {
            Ok(history) => history,
            Err(error) => return Err(self.diverged(error, &net, folder, &save, &epochs)),
        };
        let model = save(&net, history.epochs().len(), history.best_epoch())?;
        let report = Report::new(self, &train, &model, &history, folder)?;
        folder.write_metrics(&report.json())?;
        folder.write_report(&report.page(self, &model, &history)?, self.task.args.plots)?;
        Ok(report)
    }

    /// A new one.
    fn network<T: Scalar>(&self) -> LibraryResult<NeuralNetwork<T>> {
        let mut builder = NeuralNetwork::builder(self.preprocessing.features()).dtype::<T>();
        for size in &self.settings.choices.hidden {
            let activation = Activation::from_label(&word(self.task.args.activation));
            builder = builder.linear(*size).activation(activation.unwrap_or(Activation::Identity));
        }
        builder.linear(self.task.data.outputs()).build(Seed(self.task.args.seed))
    }

    fn trainer<T: Scalar>(&self, validation: &Dataset) -> Trainer<T> {
        let choices = &self.settings.choices;
        let mut trainer = Trainer::new(self.settings.loss(), self.settings.optimizer(self.task.args))
            .epochs(choices.epochs)
            .batch_size(choices.batch_size)
            .seed(Seed(self.task.args.seed))
            .order(self.order.clone());
        if validation.samples() > 0 {
            trainer = trainer.validate_on(validation);
        }
        if self.task.start.is_some() {
            trainer = trainer.keep_start();
        }
        if let Some(patience) = choices.early_stopping {
            trainer = trainer.early_stopping(patience);
        }
        trainer
    }

    /// What the model file says of its training.
    fn training(&self, epochs: usize, best_epoch: usize) -> Training {
        let mut settings = self.settings.described(self.task.args);
        settings.insert("epochs".to_owned(), epochs.into());
        settings.insert("best_epoch".to_owned(), best_epoch.into());
        match self.order {
            SampleOrder::Shuffled => None,
            SampleOrder::AsTheyAre => settings.insert("order".to_owned(), "as they are".into()),
            SampleOrder::Listed(_) => settings.insert("order".to_owned(), "listed".into()),
        };
        if let Some(start) = &self.task.start {
            settings.insert("warm_start".to_owned(), true.into());
            settings.remove("scale");
            settings.extend(start.training.settings.get_key_value("scale").map(|(k, v)| (k.clone(), v.clone())));
        }
        let before = self.task.start.iter().map(|model| &model.training);
        let earlier = before.flat_map(|training| training.earlier_data.iter().chain(&training.data));
        Training {
            loss: Some(self.settings.loss_name.clone()),
            data: Some(self.task.digest.clone()),
            earlier_data: earlier.filter(|data| **data != self.task.digest).cloned().collect(),
            split: Some(self.parts.split.clone()),
            settings,
        }
    }

    /// Saves the last good weights of a training that went wrong, and says what to change.
    fn diverged<T: Scalar>(
        &self,
        error: Error,
        net: &NeuralNetwork<T>,
        folder: &RunFolder,
        save: Save<'_, T>,
        epochs: &[EpochRecord],
    ) -> Failure {
        let Error::Diverged { kept, .. } = error else { return error.into() };
        let message = error.to_string();
        let rate = as_read(self.settings.choices.learning_rate);
        let failure = Failure::from(error)
            .help(format!("try a smaller --learning-rate (it was {rate}), or shorten the gradient with --clip-norm 1"));
        // an untrained model never replaces the one of an earlier run
        if kept == KeptWeights::Initial && folder.model().exists() {
            return failure.help(format!("{} is still the model of the earlier run", folder.model().display()));
        }
        let epoch = if let KeptWeights::Epoch(epoch) = kept { epoch } else { 0 };
        let failure = match save(net, epoch, epoch) {
            Ok(_) => failure.help(format!("the kept weights are in {}", folder.model().display())),
            Err(error) => return failure.help(format!("the kept weights could not be saved: {error}")),
        };
        let (loss, levels) = (self.settings.loss_name.as_str(), &Levels::default());
        let course = Course { loss, epochs, best_epoch: epoch, levels };
        let report = Page::diverged(&self.task.args.data, &self.introduction(), &message, &course);
        match report.and_then(|report| folder.write_report(&report, self.task.args.plots)) {
            Ok(()) => failure.help(format!("how the loss went is in {}", folder.report().display())),
            // the model is what counts
            Err(_) => failure,
        }
    }

    /// What is about to happen.
    pub(super) fn introduction(&self) -> String {
        let constant = self.constant().map_or_else(String::new, |line| format!("\n{line}"));
        let before = self.otherwise_before().map_or_else(String::new, |line| format!("\n{line}"));
        let (task, parts) = (self.task.described(), self.parts.described(self.task));
        format!("{task}\n{parts}{constant}\n{}{before}", self.described())
    }

    /// How the model to go on from was trained, in a line, if that was otherwise.
    fn otherwise_before(&self) -> Option<String> {
        const OF_ONE_RUN: [&str; 6] = ["best_epoch", "epochs", "order", "scale", "seed", "warm_start"];
        let Training { loss, settings, .. } = &self.task.start.as_ref()?.training;
        let [mut before, mut now] = [settings.clone(), self.settings.described(self.task.args)];
        for settings in [&mut before, &mut now] {
            settings.retain(|name, _| !OF_ONE_RUN.contains(&name.as_str()));
        }
        if loss.as_ref() == Some(&self.settings.loss_name) && before == now {
            return None;
        }
        let settings = before.iter().map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name} {text}"),
            None => format!("{name} {value}"),
        });
        let all: Vec<String> = loss.iter().cloned().chain(settings).collect();
        Some(format!("its own training was by {}, which are not taken over", all.join(", ")))
    }

    /// The features that say nothing in the training rows, in a line.
    fn constant(&self) -> Option<String> {
        let constant = self.preprocessing.inputs.constant();
        if constant.is_empty() {
            return None;
        }
        let (names, scaled) = (self.task.data.feature_names(), self.preprocessing.scaled_columns());
        let names: Vec<&str> = constant.iter().map(|i| names[scaled[*i]].as_str()).collect();
        let are = if constant.len() == 1 { "feature is" } else { "features are" };
        let count = constant.len();
        Some(format!("{count} {are} constant in the training rows and scaled by 1: {}", columns::listed(&names)))
    }

    /// The network and how it is trained, in a line.
    pub(super) fn described(&self) -> String {
        let (args, data) = (self.task.args, &self.task.data);
        let sizes: Vec<String> =
            self.settings.choices.hidden.iter().map(|size| format!("{size} {}", word(args.activation))).collect();
        let (inputs, outputs) = (self.preprocessing.features(), data.outputs());
        let layers = match &args.warm_start {
            Some(model) => format!("of {}", model.display()),
            None => [vec![inputs.to_string()], sizes, vec![outputs.to_string()]].concat().join(" → "),
        };
        let order = match &self.order {
            SampleOrder::Shuffled => String::new(),
            SampleOrder::AsTheyAre => ", rows not shuffled".to_owned(),
            SampleOrder::Listed(lists) => {
                let rows = lists.first().map_or(0, Vec::len);
                format!(", {} an epoch in the order of --batch-order", counted(rows, "row"))
            }
        };
        let threads = counted(self.task.threads.count(), "thread");
        format!("network {layers}; {}{order}; {}, {threads}", self.settings.summary(args), self.task.dtype())
    }
}
