//! What the Rust peers share: the works, their data, and the protocol of `../peers/protocol.py`, which explains it.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::stdin;
use std::time::Instant;

use mimalloc::MiMalloc;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

pub const LEARNING_RATE: f64 = 0.01;
/// Mean and standard deviation of uniform bytes.
const PIXEL: (f32, f32) = (127.5, 73.9);
/// Seconds that a loop of predictions takes at least.
const SHORTEST_LOOP: f64 = 0.2;

/// A network and how it is trained, or, with 0 samples, one sample that is predicted.
#[derive(Clone, Copy)]
pub struct Work {
    name: &'static str,
    /// Sizes from the input to the output; ReLU between linear layers.
    pub layers: &'static [usize],
    pub batch: usize,
    pub samples: usize,
}

const A: &[usize] = &[784, 512, 512, 10];
const C: &[usize] = &[8, 64, 64, 1];
const WORKS: [Work; 7] = [
    Work { name: "A128", layers: A, batch: 128, samples: 60_000 },
    Work { name: "A1024", layers: A, batch: 1024, samples: 60_000 },
    Work { name: "B", layers: &[8, 512, 512, 1], batch: 1024, samples: 16_512 },
    Work { name: "C", layers: C, batch: 32, samples: 16_512 },
    Work { name: "D", layers: &[784, 10], batch: 128, samples: 60_000 },
    Work { name: "EA", layers: A, batch: 1, samples: 0 },
    Work { name: "EC", layers: C, batch: 1, samples: 0 },
];

impl Work {
    /// Cross-entropy of ten classes instead of mean squared error of one value.
    pub fn classifies(&self) -> bool {
        self.layers[self.layers.len() - 1] > 1
    }

    pub fn predicts(&self) -> bool {
        self.samples == 0
    }

    /// Inputs (samples, features), row by row, of at least one sample: pixels of mean 0 and standard deviation 1, or numbers of that kind.
    pub fn inputs(&self) -> Vec<f32> {
        let mut rng = StdRng::seed_from_u64(1);
        let pixel = |byte: u8| (f32::from(byte) - PIXEL.0) / PIXEL.1;
        let mut number = || match self.classifies() {
            true => pixel(rng.random()),
            false => (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0,
        };
        (0..self.samples.max(1) * self.layers[0]).map(|_| number()).collect()
    }

    /// Labels of ten classes.
    pub fn labels(&self) -> Vec<u32> {
        (0..self.samples as u32).map(|i| i % 10).collect()
    }

    /// One value a sample, y = x₀ x₁.
    pub fn values(&self, inputs: &[f32]) -> Vec<f32> {
        inputs.chunks(self.layers[0]).map(|x| x[0] * x[1]).collect()
    }

    /// W (in, out), row by row, and b of each layer, uniform between ±1/√in.
    pub fn weights(&self) -> Vec<Layer> {
        let mut rng = StdRng::seed_from_u64(0);
        let mut uniform = |count, bound: f32| (0..count).map(|_| rng.random_range(-bound..bound)).collect();
        let layer = |pair: &[usize]| {
            let bound = (pair[0] as f32).powf(-0.5);
            let w = uniform(pair[0] * pair[1], bound);
            Layer { shape: (pair[0], pair[1]), w, b: uniform(pair[1], bound) }
        };
        self.layers.windows(2).map(layer).collect()
    }

    /// The numbers of the samples in another order for each epoch.
    pub fn orders(&self) -> impl FnMut() -> Vec<u32> + use<> {
        let mut rng = StdRng::seed_from_u64(2);
        let samples = self.samples as u32;
        move || {
            let mut order: Vec<u32> = (0..samples).collect();
            order.shuffle(&mut rng);
            order
        }
    }
}

/// First weights of a layer.
pub struct Layer {
    pub shape: (usize, usize),
    pub w: Vec<f32>,
    pub b: Vec<f32>,
}

/// Trains one epoch and gives its mean loss, or predicts one sample and gives 0.
pub type Run = Box<dyn FnMut() -> Result<f64>>;

/// Does the work of the command line whenever the harness asks. `prepare` takes the work and whether numbers have 64 bits.
pub fn serve(version: &str, prepare: impl Fn(Work, bool) -> Result<Run>) -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let name = option("--work").ok_or("--work is missing")?;
    let work = *WORKS.iter().find(|work| work.name == name).ok_or("no such work")?;
    let mut run = prepare(work, option("--dtype").as_deref() == Some("f64"))?;
    let mut times = 1;
    while work.predicts() && predictions(&mut run, times)? < SHORTEST_LOOP {
        times *= 2;
    }
    let mut measure = || match work.predicts() {
        true => Ok(format!("{:.9}", predictions(&mut run, times)? / times as f64)),
        false => epoch(&mut run),
    };
    measure()?;
    println!("ready {version}");
    for line in stdin().lines() {
        line?;
        println!("{}", measure()?);
    }
    println!("{}", peak_memory()?);
    Ok(())
}

/// Seconds of an epoch, and its loss.
fn epoch(run: &mut Run) -> Result<String> {
    let clock = Instant::now();
    let loss = run()?;
    let seconds = clock.elapsed().as_secs_f64();
    if !loss.is_finite() {
        return Err(format!("the loss is {loss}").into());
    }
    Ok(format!("{seconds:.9} {loss:.6}"))
}

/// Seconds of this many predictions.
fn predictions(run: &mut Run, times: usize) -> Result<f64> {
    let clock = Instant::now();
    for _ in 0..times {
        black_box(run()?);
    }
    Ok(clock.elapsed().as_secs_f64())
}

/// The most memory that this process had resident, in kilobytes.
fn peak_memory() -> Result<String> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().to_owned())
}
