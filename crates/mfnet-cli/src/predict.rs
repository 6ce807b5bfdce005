//! `mfnet predict`.

use std::io::{self, BufWriter, Write};

use mfnet::model::Predictions;
use mfnet::table::shortest;
use mfnet::text::split_names;

use crate::args::PredictArgs;
use crate::failure::Failure;
use crate::output::{of_csv, write_file, written};
use crate::source::{self, Files};

pub(crate) fn run(args: &PredictArgs) -> Result<(), Failure> {
    if let Some(folder) = args.output.as_deref().filter(|path| path.is_dir()) {
        return Err(Failure::work(format!("{}: expected a file for --output, found a folder", folder.display()))
            .help(format!("give a file in it: --output {}", folder.join("predictions.csv").display())));
    }
    if let Some(path) = args.output.as_deref().filter(|path| path.exists() && !args.force) {
        return Err(Failure::work(format!("{}: the file already exists", path.display()))
            .help("choose another file with --output, or replace it with --force"));
    }
    let model = source::model_for("predict", &args.model, &args.data[0])?;
    let keep_texts: Vec<String> =
        args.keep.iter().flat_map(|list| [vec![list.clone()], split_names(list)].concat()).collect();
    let files = Files { data: &args.data, folders: &args.folders, reading: &args.reading, quiet: false };
    let source = files.read(args.file.set(model.reader()).keep_texts(keep_texts))?;
    let names = source.named(&args.keep);
    let kept = names.iter().map(|column| source.text(column)).collect::<Result<Vec<_>, _>>()?;
    source::warn_of_unknown_levels(&source, &model)?;
    source::warn_of_outliers(&source, &model)?;
    let predictions = source.predict(&model)?;
    source::warn_of_not_finite(&source, &predictions);
    match &args.output {
        None => written(write(BufWriter::new(io::stdout().lock()), &names, &kept, &predictions)),
        Some(path) => write_file(path, |file| write(BufWriter::new(file), &names, &kept, &predictions)),
    }
}

/// Writes a row for each prediction: the columns of `--keep`, the prediction, and for
/// classification the probability of each class.
fn write(to: impl Write, names: &[String], kept: &[Vec<String>], predictions: &Predictions) -> io::Result<()> {
    let prediction = "prediction".to_owned();
    let (header, classes, numbers): (_, Option<(&[String], &[usize])>, _) = match predictions {
        Predictions::Classes { labels, indices, probabilities } => {
            let labelled = labels.iter().map(|label| format!("p_{label}"));
            ([prediction].into_iter().chain(labelled).collect(), Some((labels, indices)), probabilities)
        }
        Predictions::Values { columns, values } if columns.len() == 1 => (vec![prediction], None, values),
        Predictions::Values { columns, values } => {
            (columns.iter().map(|column| format!("prediction_{column}")).collect(), None, values)
        }
    };
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(names.iter().chain(&header)).map_err(of_csv)?;
    for row in 0..numbers.len() {
        let class = classes.map(|(labels, indices)| labels[indices[row]].clone());
        let texts = kept.iter().map(|column| column[row].clone()).chain(class);
        csv.write_record(texts.chain(numbers.sample(row).map(shortest))).map_err(of_csv)?;
    }
    csv.flush()
}
