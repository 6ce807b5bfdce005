//! mfnet as one of the programs that `compare/run` measures in turn; `compare/peers/protocol.py` explains how they talk.

use std::fs;
use std::io::stdin;
use std::time::Instant;

use mfnet::train::EpochRecord;
use mfnet::{Dtype, Optimizer, Result, Scalar, Sgd, Threads};

use crate::compare::ReadableLoop;
use crate::machine;
use crate::work::{Work, dtype, named};

/// What is measured, as every program of the comparison takes it.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The work, by name
    #[arg(long, value_parser = named)]
    work: Work,
    /// f32 or f64
    #[arg(long, value_parser = dtype)]
    dtype: Dtype,
    /// Number of threads
    #[arg(long)]
    threads: usize,
    /// Train with the loop of the README
    #[arg(long)]
    by_loop: bool,
}

/// Runs the work once for every line on stdin.
pub(crate) fn serve(options: &Options) -> Result<()> {
    match options.dtype {
        Dtype::F32 => serve_as::<f32>(options),
        Dtype::F64 => serve_as::<f64>(options),
    }
}

fn serve_as<T: Scalar>(options: &Options) -> Result<()> {
    let (work, threads) = (&options.work, Threads::new(options.threads)?);
    if work.is_prediction() {
        predictions::<T>(work)?;
    } else if options.by_loop {
        let data = work.data()?;
        let mut readable = ReadableLoop::<T>::new(work, &data)?;
        threads.install(|| {
            readable.epoch();
            ready();
            while wanted() {
                println!("{:.9}", readable.epoch());
            }
        });
    } else {
        let rule = Optimizer::new(Sgd::default(), 0.01);
        // when the epoch began; none in the first, which warms up
        let mut start: Option<Instant> = None;
        let on_demand = |record: &EpochRecord| {
            match start {
                Some(start) => println!("{:.9} {:.6}", start.elapsed().as_secs_f64(), record.loss),
                None => ready(),
            }
            let more = wanted();
            start = Some(Instant::now());
            more
        };
        threads.install(|| work.train::<T>(&work.data()?, rule, false, on_demand))?;
    }
    println!("{}", peak_memory());
    Ok(())
}

/// Whether another run is wanted.
fn wanted() -> bool {
    stdin().lines().next().is_some_and(|line| line.is_ok())
}

fn ready() {
    println!("ready mfnet {}", env!("CARGO_PKG_VERSION"));
}

/// Seconds of one prediction, the mean of four loops of 50 ms.
fn predictions<T: Scalar>(work: &Work) -> Result<()> {
    const LOOPS: u8 = 4;
    let net = work.network::<T>()?;
    let seconds = || (0..LOOPS).map(|_| work.predict(&net)).sum::<Result<f64>>();
    seconds()?;
    ready();
    while wanted() {
        println!("{:.9}", seconds()? / f64::from(LOOPS));
    }
    Ok(())
}

/// The most memory that this process had resident, in kilobytes; 0 where the system does not say.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse().ok()).unwrap_or(0)
}

/// What the machine can do: a name and a number a line.
pub(crate) fn peaks() -> Result<()> {
    println!("barrier_us {:.3}", machine::barrier() * 1e6);
    for threads in [1, 2] {
        println!("memory_gb_s_{threads} {:.1}", machine::bandwidth(threads) / 1e9);
        for (name, f32) in [("f32", true), ("f64", false)] {
            println!("peak_gflops_{name}_{threads} {:.1}", machine::peak(f32, threads).unwrap_or(f64::NAN) / 1e9);
        }
    }
    Ok(())
}
