//! `mfnet predict`.

use std::io::{self, BufWriter, Write};

use mfnet::model::Predictions;
use mfnet::table::shortest;
use mfnet::text::split_names;

use crate::args::PredictArgs;
use crate::failure::Failure;
use crate::output::{of_csv, write_file, written};
use crate::source;

pub(crate) fn run(args: &PredictArgs) -> Result<(), Failure> {
    if let Some(folder) = args.output.as_deref().filter(|path| path.is_dir()) {
        return Err(Failure::work(format!("{}: expected a file for --output, found a folder", folder.display()))
            .help(format!("name a file in it: --output {}", folder.join("predictions.csv").display())));
    }
    if let Some(path) = args.output.as_deref().filter(|path| path.exists() && !args.force) {
        return Err(Failure::work(format!("{}: the file exists already", path.display()))
            .help("name another one with --output, or replace it with --force"));
    }
    let model = source::model(&args.model)?;
    let keep_texts: Vec<String> =
        args.keep.iter().flat_map(|list| [vec![list.clone()], split_names(list)].concat()).collect();
    let source = source::read(&args.data, &args.folders, model.reader().keep_texts(keep_texts), false)?;
    let names = source.named(&args.keep);
    let kept = names.iter().map(|column| source.text(column)).collect::<Result<Vec<_>, _>>()?;
    source::warn_of_unknown_levels(&source, &model)?;
    let rows = Rows { predictions: source.predict(&model)?, names: &names, kept };
    match &args.output {
        None => written(rows.write(BufWriter::new(io::stdout().lock()))),
        Some(path) => write_file(path, |file| rows.write(BufWriter::new(file))),
    }
}

/// The rows of the output.
struct Rows<'a> {
    names: &'a [String],
    kept: Vec<Vec<String>>,
    predictions: Predictions,
}

impl Rows<'_> {
    fn write(&self, to: impl Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(to);
        let (header, count) = self.header();
        csv.write_record(self.names.iter().cloned().chain(header)).map_err(of_csv)?;
        for row in 0..count {
            let kept = self.kept.iter().map(|column| column[row].clone());
            csv.write_record(kept.chain(self.fields(row))).map_err(of_csv)?;
        }
        csv.flush()
    }

    /// The names of the columns, and how many rows there are.
    fn header(&self) -> (Vec<String>, usize) {
        let prediction = "prediction".to_owned();
        match &self.predictions {
            Predictions::Classes { labels, indices, .. } => (
                [prediction].into_iter().chain(labels.iter().map(|label| format!("p_{label}"))).collect(),
                indices.len(),
            ),
            Predictions::Values { columns, values } if columns.len() == 1 => (vec![prediction], values.len()),
            Predictions::Values { columns, values } => {
                (columns.iter().map(|column| format!("prediction_{column}")).collect(), values.len())
            }
        }
    }

    fn fields(&self, row: usize) -> Vec<String> {
        match &self.predictions {
            Predictions::Classes { labels, indices, probabilities } => {
                [labels[indices[row]].clone()].into_iter().chain(probabilities.sample(row).map(shortest)).collect()
            }
            Predictions::Values { values, .. } => values.sample(row).map(shortest).collect(),
        }
    }
}
