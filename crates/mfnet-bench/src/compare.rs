//! The same work in two ways, in turn: medians, and the median of the ratios of neighbours in time.

use std::hint::black_box;
use std::time::Instant;

use mfnet::{Adam, Dataset, Loss, NeuralNetwork, Optimizer, Result, Scalar, Seed, Sgd, Threads};

use crate::median;
use crate::work::{WORKS, Work, rounds};

/// Seconds of an epoch of the trainer, the mean of a round.
fn trainer(work: &Work, data: &Dataset, optimizer: Optimizer<f32>, threads: &Threads) -> Result<f64> {
    let mut measured = Vec::new();
    threads.install(|| work.train(data, optimizer, false, rounds(1, || 0.0, &mut measured)))?;
    Ok(measured[0].0)
}

/// The loop of the README.
pub(crate) struct ReadableLoop<'a, T: Scalar> {
    work: &'a Work,
    data: &'a Dataset,
    net: NeuralNetwork<T>,
    loss: Box<dyn Loss<T>>,
    optimizer: Optimizer<T>,
    epoch: usize,
}

impl<'a, T: Scalar> ReadableLoop<'a, T> {
    pub(crate) fn new(work: &'a Work, data: &'a Dataset) -> Result<Self> {
        let optimizer = Optimizer::new(Sgd::default(), 0.01);
        Ok(ReadableLoop { work, data, net: work.network()?, loss: work.loss(), optimizer, epoch: 0 })
    }

    /// Trains for an epoch; returns its seconds.
    pub(crate) fn epoch(&mut self) -> f64 {
        let ReadableLoop { net, loss, optimizer, .. } = self;
        self.epoch += 1;
        let clock = Instant::now();
        for batch in self.data.batches(self.work.batch).shuffled(Seed(0), self.epoch) {
            let trace = net.forward(batch.pass(), batch.inputs());
            let delta = loss.gradient(trace.output(), batch.targets());
            let gradients = net.backward(&trace, delta);
            optimizer.step(net, gradients);
        }
        let seconds = clock.elapsed().as_secs_f64();
        black_box(&net);
        seconds
    }
}

/// Seconds of an epoch of the loop of the README, the second one.
fn readable_loop(work: &Work, data: &Dataset, threads: &Threads) -> Result<f64> {
    let mut readable = ReadableLoop::<f32>::new(work, data)?;
    Ok(threads.install(|| {
        readable.epoch();
        readable.epoch()
    }))
}

/// Prints `a` and `b`, measured in turn: median of each, median of a/b.
pub(crate) fn in_turn(
    what: &str,
    count: usize,
    mut a: impl FnMut() -> Result<f64>,
    mut b: impl FnMut() -> Result<f64>,
) -> Result<()> {
    let pairs = (0..count).map(|_| Ok((a()?, b()?))).collect::<Result<Vec<_>>>()?;
    let of = |f: fn(&(f64, f64)) -> f64| median(pairs.iter().map(f));
    println!("{what:46} {:9.5} {:9.5} {:6.3}", of(|(a, _)| *a), of(|(_, b)| *b), of(|(a, b)| a / b));
    Ok(())
}

fn header() {
    println!("{:46} {:>9} {:>9} {:>6}", "seconds of an epoch, f32", "first", "second", "ratio");
}

/// The pairs that the readable path and the thread count are judged by.
pub(crate) fn pairs(count: usize) -> Result<()> {
    let (one, two) = (Threads::new(1)?, Threads::new(2)?);
    header();
    for work in &WORKS[..5] {
        let data = work.data()?;
        let sgd = |threads| trainer(work, &data, Optimizer::new(Sgd::default(), 0.01), threads);
        let adam = || trainer(work, &data, Optimizer::new(Adam::default(), 1e-3), &two);
        let name = work.name;
        for (text, threads) in [("1 thread", &one), ("2 threads", &two)] {
            let what = format!("{name}: loop of the README / trainer, {text}");
            in_turn(&what, count, || readable_loop(work, &data, threads), || sgd(threads))?;
        }
        in_turn(&format!("{name}: Adam / SGD, 2 threads"), count, adam, || sgd(&two))?;
        in_turn(&format!("{name}: 2 threads / 1 thread"), count, || sgd(&two), || sgd(&one))?;
    }
    Ok(())
}

/// What weights of the samples cost a step.
pub(crate) fn weights(count: usize) -> Result<()> {
    const WORKS: [(&[usize], usize, usize); 4] = [
        (&[784, 512, 512, 10], 128, 12_800),
        (&[784, 128, 128, 10], 128, 12_800),
        (&[784, 10], 128, 25_600),
        (&[8, 64, 64, 1], 32, 16_512),
    ];
    header();
    for (layers, batch, samples) in WORKS {
        let work = Work { name: "weights", layers, batch, samples };
        let data = work.data()?;
        let weighted = data.clone().with_weights((0..samples).map(|i| 0.5 + (i % 7) as f64).collect())?;
        for threads in [1, 2] {
            let on = Threads::new(threads)?;
            let of = |data| trainer(&work, data, Optimizer::new(Sgd::default(), 0.01), &on);
            let layers = layers.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
            let what = format!("{layers}, {batch}: with weights / without, {threads} threads");
            in_turn(&what, count, || of(&weighted), || of(&data))?;
        }
    }
    Ok(())
}

/// How the time grows with the width, the batch and the number of samples, and whether two threads are taken where they help.
pub(crate) fn sizes(count: usize) -> Result<()> {
    const SIZES: [(&[usize], usize, usize); 14] = [
        (&[8, 32, 32, 1], 32, 16_512),
        (&[8, 64, 64, 1], 128, 16_512),
        (&[8, 128, 128, 1], 32, 16_512),
        (&[8, 128, 128, 1], 128, 16_512),
        (&[8, 256, 256, 1], 32, 16_512),
        (&[784, 64, 64, 10], 128, 6_000),
        (&[784, 128, 128, 10], 128, 6_000),
        (&[784, 256, 256, 10], 128, 6_000),
        (&[784, 512, 512, 10], 128, 6_000),
        (&[784, 512, 512, 10], 128, 12_000),
        (&[784, 512, 512, 10], 128, 24_000),
        (&[784, 1024, 1024, 10], 128, 6_000),
        (&[784, 2048, 2048, 10], 128, 3_000),
        (&[784, 4096, 4096, 10], 128, 1_000),
    ];
    let (one, two) = (Threads::new(1)?, Threads::new(2)?);
    println!("layers, batch, samples: 1 thread / 2 threads");
    header();
    for (layers, batch, samples) in SIZES {
        let work = Work { name: "size", layers, batch, samples };
        let data = work.data()?;
        let of = |threads| trainer(&work, &data, Optimizer::new(Sgd::default(), 0.01), threads);
        let layers = layers.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
        in_turn(&format!("{layers:24} {batch:6} {samples:8}"), count, || of(&one), || of(&two))?;
    }
    Ok(())
}
