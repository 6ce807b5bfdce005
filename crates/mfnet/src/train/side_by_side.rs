//! The trainings of an ensemble, side by side: each network is trained by one thread, or by a share
//! of them, so that no thread waits for another within a step.
//!
//! All networks make an epoch before the next one begins. Which thread makes which steps depends on
//! time, but no step depends on another network, so that the results have the same bits for any
//! number of threads.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Callback, Checkpoint, EpochRecord, Session, Step, Trainer};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::network::NeuralNetwork;
use crate::optimizer::Gradients;
use crate::random::Seed;
use crate::tensor::Scalar;
use crate::threads::Threads;

/// How long a thread trains a network before it looks whether something else is to be done.
const SLICE: Duration = Duration::from_millis(20);

/// Observes the trainings of an ensemble, as a [`Callback`](super::Callback) does that of one network.
pub(crate) trait Watch<T: Scalar>: Send {
    /// Called from time to time, with the last step of a network. `samples` counts those of all its
    /// steps since the call before.
    fn step(&mut self, step: &Step) -> ControlFlow<()>;

    fn wants_checkpoint(&mut self, step: &Step) -> bool;

    fn checkpoint(&mut self, sessions: &[&Session<T>]) -> Result<()>;

    /// Whether [`Watch::gradients`] should be called, in the whole training.
    fn wants_gradients(&self) -> bool;

    /// Called for each network with the gradients of its last step of an epoch, before [`Watch::epoch`].
    fn gradients(&mut self, step: &Step, gradients: &Gradients<T>) -> Result<()>;

    /// Called for each network after all have made an epoch.
    fn epoch(&mut self, record: &EpochRecord, sessions: &[&Session<T>]) -> Result<ControlFlow<()>>;
}

impl<T: Scalar> Trainer<T> {
    /// The seed of network k of an ensemble, counted from 0.
    pub(crate) fn seed_of(seed: u64, network: usize) -> Seed {
        Seed(seed.wrapping_add(network as u64))
    }

    /// Starts a training for each network: the first has the seed of this trainer, each other one the
    /// seed after that of the one before. Continues from a checkpoint if there is one; otherwise takes the
    /// state of the optimizers from that of another training, if there is one.
    pub(crate) fn start_all(
        &self,
        nets: Vec<NeuralNetwork<T>>,
        train: &Dataset,
        checkpoint: Option<&Checkpoint>,
        of_optimizers: Option<&Checkpoint>,
    ) -> Result<Vec<Session<T>>> {
        let count = nets.len();
        let start = |(k, net): (usize, NeuralNetwork<T>)| {
            let network = (count > 1).then_some(k + 1);
            let trainer = Trainer { seed: Self::seed_of(self.seed.0, k), network, ..self.clone() };
            trainer.check(&net, train)?;
            if k == 0 {
                trainer.check_memory(&net, train, count)?;
            }
            let mut session = Session::new(trainer, net, train.clone());
            match (checkpoint, of_optimizers) {
                (Some(checkpoint), _) => session.restore_part(checkpoint, (k, count))?,
                (None, Some(of_optimizers)) => session.take_optimizer_of(of_optimizers, (k, count))?,
                (None, None) => {}
            }
            Ok(session)
        };
        nets.into_iter().enumerate().map(start).collect()
    }
}

/// Trains all networks to the end, on this many threads. Returns how many threads worked.
pub(crate) fn run<T: Scalar>(sessions: &mut [Session<T>], threads: usize, watch: &mut dyn Watch<T>) -> Result<usize> {
    let workers = sessions.len().min(threads);
    let pools = (0..workers).map(|i| Threads::new(threads / workers + usize::from(i < threads % workers)));
    let pools = pools.collect::<Result<Vec<_>>>()?;
    let sessions: Vec<Mutex<&mut Session<T>>> = sessions.iter_mut().map(Mutex::new).collect();
    let ((to_workers, jobs), (done, from_workers)) = (channel(), channel());
    let jobs = Mutex::new(jobs);
    let wants_gradients = watch.wants_gradients();
    let flow = thread::scope(|scope| {
        for pool in &pools {
            let (sessions, jobs, done) = (&sessions, &jobs, done.clone());
            scope.spawn(move || pool.install(|| work(sessions, jobs, &done, wants_gradients)));
        }
        // the workers end when this is dropped
        Ensemble { sessions: &sessions, workers, to_workers, from_workers }.run(watch)
    });
    if !matches!(flow, Ok(ControlFlow::Continue(()))) {
        // the error of a network is more important than what its end does to another one
        sessions
            .iter()
            .map(locked)
            .filter(|session| session.stop_reason().is_none())
            .for_each(|mut s| drop(s.interrupt()));
    }
    flow.map(|_| pools.iter().map(|pool| pool.worked().max(1)).sum())
}

/// A network, and the epoch to which it is to be trained.
#[derive(Clone, Copy)]
struct Job {
    network: usize,
    epoch: usize,
}

/// The last step of a slice, and whether the network has ended the epoch or its training; then also the
/// gradients of the epoch's last step, if they are wanted.
struct Slice<T: Scalar> {
    step: Option<Step>,
    is_done: bool,
    gradients: Option<(Step, Gradients<T>)>,
}

type Answer<T> = (Job, thread::Result<Result<Slice<T>>>);

/// Keeps the gradients of the step for which it is made.
struct KeepGradients<T: Scalar> {
    wants: bool,
    kept: Option<(Step, Gradients<T>)>,
}

impl<T: Scalar> Callback<T> for KeepGradients<T> {
    fn wants_gradients(&self) -> bool {
        self.wants
    }

    fn gradients(&mut self, step: &Step, gradients: &mut Gradients<T>) -> Result<()> {
        self.kept = Some((*step, gradients.clone()));
        Ok(())
    }
}

/// The loop of a worker.
fn work<T: Scalar>(
    sessions: &[Mutex<&mut Session<T>>],
    jobs: &Mutex<Receiver<Job>>,
    done: &Sender<Answer<T>>,
    wants_gradients: bool,
) {
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(job) = next() {
        let train = || slice(&mut locked(&sessions[job.network]), job.epoch, wants_gradients);
        let made = catch_unwind(AssertUnwindSafe(train));
        if done.send((job, made)).is_err() {
            return;
        }
    }
}

fn locked<'a, 'b, T: Scalar>(session: &'a Mutex<&'b mut Session<T>>) -> MutexGuard<'a, &'b mut Session<T>> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Trains a network for a while, at most to the end of this epoch.
fn slice<T: Scalar>(session: &mut Session<T>, epoch: usize, wants_gradients: bool) -> Result<Slice<T>> {
    let clock = Instant::now();
    let mut samples = 0;
    loop {
        let mut callback = KeepGradients { wants: wants_gradients && session.is_before_last_step(), kept: None };
        let step = session.step(&mut callback)?;
        samples += step.map_or(0, |step| step.samples);
        let is_done = session.history().epochs.len() >= epoch || session.stop_reason().is_some();
        if is_done || clock.elapsed() >= SLICE {
            let step = step.map(|step| Step { samples, ..step });
            return Ok(Slice { step, is_done, gradients: callback.kept });
        }
    }
}

/// What became of an epoch of all networks.
struct Made<T: Scalar> {
    flow: ControlFlow<()>,
    /// The last step of the epoch, of the network that made it last.
    last: Option<Step>,
    /// For each network, its last step and the gradients of it, if they are wanted.
    gradients: Vec<Option<(Step, Gradients<T>)>>,
}

/// The side of the caller.
struct Ensemble<'a, 'b, T: Scalar> {
    sessions: &'a [Mutex<&'b mut Session<T>>],
    workers: usize,
    to_workers: Sender<Job>,
    from_workers: Receiver<Answer<T>>,
}

impl<T: Scalar> Ensemble<'_, '_, T> {
    fn run(&self, watch: &mut dyn Watch<T>) -> Result<ControlFlow<()>> {
        let made = |session: &Mutex<&mut Session<T>>| {
            let session = locked(session);
            session.stop_reason().is_none().then_some(session.history().epochs.len())
        };
        while let Some(before) = self.sessions.iter().filter_map(made).min() {
            let Made { mut flow, last, gradients } = self.epoch(before + 1, watch)?;
            let sessions: Vec<_> = self.sessions.iter().map(locked).collect();
            let sessions: Vec<&Session<T>> = sessions.iter().map(|session| &***session).collect();
            let is_behind =
                |session: &&Session<T>| session.stop_reason().is_none() && session.history().epochs.len() <= before;
            // the observer may have ended the training in the last step of the epoch
            if !sessions.iter().any(is_behind) {
                for (session, gradients) in sessions.iter().zip(&gradients) {
                    let Some(record) = session.history().epochs.get(before) else { continue };
                    if let Some((step, gradients)) = gradients {
                        watch.gradients(step, gradients)?;
                    }
                    let of_record = watch.epoch(record, &sessions)?;
                    flow = if of_record.is_break() { of_record } else { flow };
                }
            }
            let wants = last.is_some_and(|step| watch.wants_checkpoint(&step));
            if wants || flow.is_break() || sessions.iter().all(|session| session.stop_reason().is_some()) {
                watch.checkpoint(&sessions)?;
            }
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Trains all networks to the end of an epoch, or until the observer stops them.
    fn epoch(&self, epoch: usize, watch: &mut dyn Watch<T>) -> Result<Made<T>> {
        let is_behind = |network: &usize| {
            let session = locked(&self.sessions[*network]);
            session.stop_reason().is_none() && session.history().epochs.len() < epoch
        };
        let mut waiting: VecDeque<usize> = (0..self.sessions.len()).filter(is_behind).collect();
        let (mut busy, mut is_due) = (0, false);
        let mut made = Made { flow: ControlFlow::Continue(()), last: None, gradients: Vec::new() };
        made.gradients.resize_with(self.sessions.len(), || None);
        // the others make the epoch, so that the end does not depend on time
        let mut errors: Vec<(usize, Error)> = Vec::new();
        loop {
            let goes_on = !is_due && made.flow.is_continue();
            while goes_on && busy < self.workers {
                let Some(network) = waiting.pop_front() else { break };
                // workers end only after this value
                let _ = self.to_workers.send(Job { network, epoch });
                busy += 1;
            }
            if busy == 0 && is_due && errors.is_empty() {
                let sessions: Vec<_> = self.sessions.iter().map(locked).collect();
                watch.checkpoint(&sessions.iter().map(|session| &***session).collect::<Vec<_>>())?;
                is_due = false;
                continue;
            }
            if busy == 0 && (waiting.is_empty() || made.flow.is_break()) {
                errors.sort_by_key(|(network, _)| *network);
                return errors.into_iter().next().map_or(Ok(made), |(_, error)| Err(error));
            }
            is_due &= errors.is_empty();
            if busy == 0 {
                continue;
            }
            let Ok((job, answer)) = self.from_workers.recv() else { return Ok(made) };
            busy -= 1;
            match answer.unwrap_or_else(|panic| resume_unwind(panic)) {
                Err(error) => errors.push((job.network, error)),
                Ok(Slice { step, is_done, gradients }) => {
                    made.gradients[job.network] = gradients;
                    if !is_done {
                        waiting.push_back(job.network);
                    }
                    let Some(step) = step else { continue };
                    if watch.step(&step).is_break() {
                        made.flow = ControlFlow::Break(());
                    }
                    if step.step == step.steps {
                        made.last = Some(step);
                    } else {
                        is_due |= watch.wants_checkpoint(&step);
                    }
                }
            }
        }
    }
}
