//! `mfnet train`: from a table to a model, the scores of its baselines beside it.

mod choices;
mod display;
mod folder;
mod observer;
mod parts;
mod report;
mod settings;
mod verdict;

use std::sync::atomic::{AtomicBool, Ordering};

use mfnet::{
    Activation, AnyNetwork, Columns, Dataset, Dtype, EpochRecord, Error, KeptWeights, Loss, Model, NeuralNetwork,
    Preprocessing, Result as LibraryResult, Scalar, Seed, Threads, Trainer, Training,
};

use self::choices::Choices;
use self::folder::RunFolder;
use self::observer::{Observer, Save};
use self::parts::Parts;
use self::report::Report;
use self::settings::Settings;
use crate::args::{TrainArgs, word};
use crate::columns;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::{counted, message, print};
use crate::report::{Course, Levels, Report as Page};
use crate::source::{self, Source};

pub(crate) fn run(args: &TrainArgs) -> Result<(), Failure> {
    Settings::new(args, Choices::before_reading(args))?;
    RunFolder::check(args)?;
    let source = Source::read(&args.data, &args.folders, args.quiet)?;
    let (digest, from) = (source.digest(), source.origin());
    let columns =
        Columns { drop: args.drop.clone(), numeric: args.numeric.clone(), categorical: args.categorical.clone() };
    let data = source.into_dataset(args.target.as_deref(), args.task, &columns)?;
    let parts = Parts::new(args, &data)?;
    let choices = Choices::new(args, &parts.train, parts.validation.samples() > 0);
    let preprocessing = Preprocessing::fit_with(choices.scale, &parts.train);
    let settings = Settings::new(args, choices)?.for_task(args, &data)?;
    let threads = args.threads.map_or_else(Threads::available, Threads::new)?;
    let job = Job { args, data, digest, parts, preprocessing, settings, interrupt: interrupt::watch() };
    let introduction = job.introduction(&from, &threads);
    if !args.quiet {
        message(&introduction);
    }
    let folder = RunFolder::create(args)?;
    let report = threads.install(|| match Dtype::from(args.dtype) {
        Dtype::F64 => job.run::<f64>(&folder, &threads, &introduction),
        Dtype::F32 => job.run::<f32>(&folder, &threads, &introduction),
    })?;
    if job.interrupt.load(Ordering::Relaxed) {
        let model = folder.model().display().to_string();
        if report.training_is_complete() {
            if !args.json {
                print(&report.text())?;
            }
            message(&format!(
                "\ninterrupted after the training, before the linear model was found: the model is in {model}"
            ));
        } else {
            message(&format!("\ninterrupted: the model so far is in {model}"));
        }
        return Err(Failure::interrupted());
    }
    print(&if args.json { format!("{}\n", report.json()) } else { report.text() })
}

/// Everything that is decided before the first step.
struct Job<'a> {
    args: &'a TrainArgs,
    data: Dataset,
    digest: String,
    parts: Parts,
    preprocessing: Preprocessing,
    settings: Settings,
    interrupt: &'static AtomicBool,
}

impl Job<'_> {
    /// Trains, saves, scores, and writes down what came out.
    fn run<T: Scalar>(&self, folder: &RunFolder, threads: &Threads, introduction: &str) -> Result<Report, Failure>
    where
        AnyNetwork: From<NeuralNetwork<T>>,
    {
        let preprocessing = &self.preprocessing;
        let (train, validation) = (preprocessing.apply(&self.parts.train), preprocessing.apply(&self.parts.validation));
        let mut net = self.network::<T>()?;
        let save = |net: &NeuralNetwork<T>, epochs: usize, best_epoch: usize| -> LibraryResult<Model> {
            let mut model = Model::new(&self.data, preprocessing.clone(), net.clone())?;
            model.training = self.training(epochs, best_epoch);
            model.save(folder.model())?;
            Ok(model)
        };
        let mut observer = Observer::new(self.args, folder, self.interrupt, &save)?;
        let result = self.trainer(&mut observer, &validation).run(&mut net, &train);
        let epochs = observer.finish();
        let history = match result {
            Ok(history) => history,
            Err(error) => return Err(self.diverged(error, &net, folder, &save, introduction, &epochs)),
        };
        let model = save(&net, history.epochs().len(), history.best_epoch())?;
        let report = Report::new(self, &train, &model, &history, threads, folder)?;
        folder.write_metrics(&report.json())?;
        folder.write_report(&report.page(self, introduction, &model, &history)?, self.args.plots)?;
        Ok(report)
    }

    fn network<T: Scalar>(&self) -> LibraryResult<NeuralNetwork<T>> {
        let mut builder = NeuralNetwork::builder(self.preprocessing.features()).dtype::<T>();
        for size in &self.settings.choices.hidden {
            let activation = Activation::from_label(&word(self.args.activation));
            builder = builder.linear(*size).activation(activation.unwrap_or(Activation::Identity));
        }
        builder.linear(self.data.outputs()).build(Seed(self.args.seed))
    }

    fn trainer<'a, T: Scalar>(
        &self,
        observer: &'a mut Observer<'_, T>,
        validation: &'a Dataset,
    ) -> Trainer<'a, T, Box<dyn Loss<T>>, Box<dyn mfnet::Rule<T>>> {
        let choices = &self.settings.choices;
        let mut trainer = Trainer::new(self.settings.loss(), self.settings.rule())
            .epochs(choices.epochs)
            .batch_size(choices.batch_size)
            .schedule(choices.schedule)
            .seed(Seed(self.args.seed))
            .callback(observer);
        if let Some(clip) = self.settings.clip {
            trainer = trainer.clip(clip);
        }
        if validation.samples() > 0 {
            trainer = trainer.validate_on(validation);
        }
        if let Some(patience) = choices.early_stopping {
            trainer = trainer.early_stopping(patience);
        }
        trainer
    }

    /// What the model file says of its training.
    fn training(&self, epochs: usize, best_epoch: usize) -> Training {
        let mut settings = self.settings.described(self.args);
        settings.insert("epochs".to_owned(), epochs.into());
        settings.insert("best_epoch".to_owned(), best_epoch.into());
        Training {
            loss: Some(self.settings.loss_name.clone()),
            data: Some(self.digest.clone()),
            split: Some(self.parts.split),
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
        introduction: &str,
        epochs: &[EpochRecord],
    ) -> Failure {
        let Error::Diverged { kept, .. } = error else { return error.into() };
        let message = error.to_string();
        let rate = self.settings.choices.learning_rate;
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
        let report = Page::diverged(&self.args.data, introduction, &message, &course);
        match report.and_then(|report| folder.write_report(&report, self.args.plots)) {
            Ok(()) => failure.help(format!("how the loss went is in {}", folder.report().display())),
            // the model is what counts
            Err(_) => failure,
        }
    }

    /// What is about to happen.
    fn introduction(&self, from: &str, threads: &Threads) -> String {
        let (args, data) = (self.args, &self.data);
        let target = data.targets().columns().join(", ");
        let task = match data.classes() {
            0 => "regression".to_owned(),
            classes => format!("classification, {classes} classes"),
        };
        let is_guess = args.task.is_none() && data.targets().columns().len() == 1 && !source::is_name(&args.data);
        let other = if data.classes() > 0 { "regression" } else { "classification" };
        let guessed = if is_guess { format!(" (a guess: --task {other} if not)") } else { String::new() };
        let mut text = format!(
            "{}{from}: {}, {}; target {target}: {task}{guessed}\n{}",
            data.name(),
            counted(data.samples(), "row"),
            columns::features(data),
            self.parts.described(),
        );
        if let Some(left_out) = columns::left_out(data.left_out()) {
            text += &format!("\n{left_out}");
        }
        text += &columns::stray_texts(data.stray_texts());
        let scaled = self.preprocessing.scaled_columns();
        let constant = self.preprocessing.inputs.constant();
        if !constant.is_empty() {
            let names: Vec<&str> = constant.iter().map(|i| data.feature_names()[scaled[*i]].as_str()).collect();
            let are = if constant.len() == 1 { "feature is" } else { "features are" };
            text += &format!(
                "\n{} {are} constant in the training rows and scaled by 1: {}",
                constant.len(),
                columns::listed(&names)
            );
        }
        let sizes: Vec<String> =
            self.settings.choices.hidden.iter().map(|size| format!("{size} {}", word(args.activation))).collect();
        let layers = [vec![self.preprocessing.features().to_string()], sizes, vec![data.outputs().to_string()]]
            .concat()
            .join(" → ");
        let threads = counted(threads.count(), "thread");
        text + &format!("\nnetwork {layers}; {}; {}, {threads}", self.settings.summary(args), word(args.dtype))
    }
}
