//! From the command line to plans: reads the recipe and the data.

use std::path::{Path, PathBuf};

use mfnet::error::ErrorKind;
use mfnet::fit::{Input, Plan, RecipeFile, Source};
use mfnet::table::ReadTable;
use mfnet::{Error, Recipe};

use crate::args::{FitArgs, with_file};
use crate::failure::Failure;
use crate::output::message;
use crate::source::Files;
use crate::{interrupt, source};

/// A fit that the command line asks for.
pub(crate) struct Request<'a> {
    args: &'a FitArgs,
    pub(crate) recipe: Recipe,
    file: Option<RecipeFile>,
}

impl<'a> Request<'a> {
    /// Reads the file of the recipe, if there is one, and joins it with the options.
    pub(crate) fn new(args: &'a FitArgs) -> Result<Self, Failure> {
        let read = |path: &PathBuf| RecipeFile::read(path).map_err(|error| not_a_recipe(error, path));
        let file = args.recipe_file.as_ref().map(read).transpose()?;
        let recipe = args.recipe.recipe(file.as_ref())?;
        Ok(Request { args, recipe, file })
    }

    /// Reads the data, and makes a plan for each fold. From now on, Ctrl-C saves the results so far.
    pub(crate) fn plans(&self, quiet: bool) -> Result<Vec<Plan>, Failure> {
        let input = self.input(quiet)?;
        let plans = Plan::folds(input, &self.recipe).map_err(|error| match (error.kind(), self.test_file()) {
            (ErrorKind::Io { path, .. }, Some(file)) if *path == file => source::unreadable(error, &file),
            (ErrorKind::Recipe { .. } | ErrorKind::InvalidValue(..), _) => with_file(error, self.file.as_ref()),
            _ => error.into(),
        })?;
        if let Some(unknown) = plans.first().map(Plan::unknown_levels).filter(|unknown| !unknown.is_empty()) {
            message(unknown);
        }
        Ok(plans)
    }

    fn input(&self, quiet: bool) -> Result<Input<'a>, Failure> {
        let (args, recipe) = (self.args, &self.recipe);
        let start = recipe.warm_start.as_deref().map(source::model).transpose()?;
        let files = Files { data: &args.data, folders: &args.folders, reading: &args.reading, quiet };
        let data = files.read(recipe.reader(start.as_ref()))?;
        let test_file = self.test_file();
        if let (Source::Table(_), Some(file)) = (&data, &test_file) {
            source::check_test_file(file)?;
        }
        interrupt::watch();
        let read_test = Box::new(move |file: &str, reader: ReadTable<'_>| match source::built_in(file) {
            Some(built_in) => built_in.table(),
            None => {
                let file = test_file.unwrap_or_else(|| file.into());
                Ok(source::table(&file, args.reading.of(reader), quiet)?)
            }
        });
        Ok(Input { name: files.name(), data, start, read_test })
    }

    /// The file with the test rows, also if its name is not text.
    fn test_file(&self) -> Option<PathBuf> {
        self.args.recipe.test_file.clone().or(self.recipe.test_file.as_ref().map(PathBuf::from))
    }
}

/// Why a recipe cannot be read, with help for someone who gave another file.
fn not_a_recipe(error: Error, path: &Path) -> Failure {
    let is_named_so = path.extension().is_some_and(|ending| ending == "toml" || ending == "json");
    match path.exists() && !is_named_so {
        true => {
            Failure::from(error).help("a recipe is a file in TOML or JSON; mfnet train DATA --print-recipe prints one")
        }
        false => error.into(),
    }
}
