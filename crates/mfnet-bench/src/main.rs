//! `mfnet-bench`: how fast mfnet trains, against the peak of the machine measured in the same run.
#![allow(clippy::print_stdout)]

mod bits;
mod compare;
mod layers;
mod machine;
mod serve;
mod work;

use clap::{Parser, Subcommand};
use mfnet::train::History;
use mfnet::{Dtype, Optimizer, Result, Scalar, Sgd, Threads};
use work::Work;

/// Measure how fast mfnet trains, against the peak of the machine measured in the same run
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The works, by name, with commas
    #[arg(long, value_delimiter = ',', default_value = "A128,A1024,B,C,D,EA,EC", value_parser = work::named)]
    works: Vec<Work>,
    /// The types, with commas
    #[arg(long, value_delimiter = ',', default_value = "f32,f64", value_parser = work::dtype)]
    dtypes: Vec<Dtype>,
    /// Numbers of threads, with commas
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    threads: Vec<usize>,
    /// Rounds: an epoch, or some short ones, and then the peak again; or each of two ways once
    #[arg(long, global = true, default_value_t = 7, value_parser = at_least_one)]
    rounds: usize,
}

#[derive(Subcommand)]
enum Command {
    /// Two ways of the same work in turn: the loop of the README and the trainer, Adam and SGD, one thread and two
    Pairs,
    /// Networks of several widths and batch sizes with one thread and with two
    Sizes,
    /// Training with a weight for each sample and without, in turn
    Weights,
    /// A network with each activation and layer and with ReLU alone, in turn
    Layers {
        /// The variations, by name, with commas; all if none is named
        #[arg(value_delimiter = ',')]
        only: Vec<String>,
    },
    /// One run for every line on stdin, for `compare/run`
    Serve(serve::Options),
    /// What the machine can do, for `compare/run`
    Peaks,
    /// Digests of the weights of a training for every line on stdin, for `compare/against bits`
    #[command(hide = true)]
    Bits,
}

fn at_least_one(text: &str) -> std::result::Result<usize, String> {
    text.parse().ok().filter(|x| *x > 0).ok_or_else(|| "expected a whole number of at least 1".to_owned())
}

fn main() -> Result<()> {
    let args = Args::parse();
    match args.command {
        Some(Command::Pairs) => compare::pairs(args.rounds),
        Some(Command::Sizes) => compare::sizes(args.rounds),
        Some(Command::Weights) => compare::weights(args.rounds),
        Some(Command::Layers { only }) => layers::layers(args.rounds, &only),
        Some(Command::Serve(options)) => serve::serve(&options),
        Some(Command::Peaks) => serve::peaks(),
        Some(Command::Bits) => bits::bits(),
        None => works(&args),
    }
}

/// The table of the works.
fn works(args: &Args) -> Result<()> {
    println!("barrier of two threads {:.2} µs", machine::barrier() * 1e6);
    for &threads in &args.threads {
        println!("memory, {threads} threads: {:.1} GB/s", machine::bandwidth(threads) / 1e9);
    }
    println!(
        "\nwork   type threads    an epoch   samples/s  GFLOP/s   peak  share   GB/s  gather forward   loss  input update"
    );
    for work in &args.works {
        for dtype in &args.dtypes {
            for &threads in &args.threads {
                let line = match dtype {
                    Dtype::F32 => measure::<f32>(work, args, threads),
                    Dtype::F64 => measure::<f64>(work, args, threads),
                };
                println!("{}", line?);
            }
        }
    }
    Ok(())
}

/// One line of the table.
fn measure<T: Scalar>(work: &Work, args: &Args, threads: usize) -> Result<String> {
    let peak = || machine::peak(T::DTYPE == Dtype::F32, threads).unwrap_or(f64::NAN);
    let (rounds, phases) = if work.is_prediction() {
        let net = work.network::<T>()?;
        let round = |_| Ok((work.predict(&net)?, peak()));
        ((0..args.rounds).map(round).collect::<Result<Vec<_>>>()?, String::new())
    } else {
        let data = work.data()?;
        let train = |phases, rounds| {
            let mut measured = Vec::new();
            let goes_on = work::rounds(rounds, peak, &mut measured);
            let rule = Optimizer::new(Sgd::default(), 0.01);
            let history = Threads::new(threads)?.install(|| work.train::<T>(&data, rule, phases, goes_on))?;
            Ok::<_, mfnet::Error>((history, measured))
        };
        (train(false, args.rounds)?.1, of_phases(&train(true, 1)?.0))
    };
    let seconds = median(rounds.iter().map(|(seconds, _)| *seconds));
    let peak = median(rounds.iter().map(|(_, peak)| *peak));
    let share = median(rounds.iter().map(|(seconds, peak)| work.flops_per_epoch() / seconds / peak));
    let (time, unit) = if seconds < 1e-3 { (seconds * 1e6, "µs") } else { (seconds, "s ") };
    Ok(format!(
        "{:6} {:4} {threads:7}  {time:7.4} {unit} {:10.0}  {:7.1} {:6.1} {:5.1}% {:6.1}  {phases}",
        work.name,
        T::DTYPE.to_string(),
        work.samples as f64 / seconds,
        work.flops_per_epoch() / seconds / 1e9,
        peak / 1e9,
        100.0 * share,
        work.bytes_per_epoch::<T>() / seconds / 1e9,
    ))
}

/// Which part of the time each phase took.
fn of_phases(history: &History) -> String {
    let phases = history.phases.unwrap_or_default();
    let percent = |phase: std::time::Duration| 100.0 * phase.as_secs_f64() / history.seconds;
    let (gather, forward, loss) = (percent(phases.gather), percent(phases.forward), percent(phases.loss));
    let (input, update) = (percent(phases.input_gradients), percent(phases.updates));
    format!("{gather:5.1}% {forward:6.1}% {loss:5.1}% {input:5.1}% {update:5.1}%")
}

/// The middle one; of an even number the upper of the two.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
