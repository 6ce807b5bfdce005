//! Folders of part files, as Spark, Dask and Polars write tables.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Endings of the names of tables.
const TABLES: [&str; 10] = ["csv", "tsv", "txt", "parquet", "json", "jsonl", "ndjson", "npy", "npz", "xlsx"];
/// Endings after these.
const COMPRESSED: [&str; 3] = [".gz", ".zst", ".zip"];
/// Beginnings of the names of files that are not parts: `_SUCCESS`, `.part-0.crc`.
const HIDDEN: [char; 2] = ['.', '_'];
const SHOWN: usize = 3;

/// A file in the folder.
struct File {
    /// Its name as text; bytes that are not UTF-8 are U+FFFD.
    name: String,
    file: OsString,
}

/// The part files in a folder, in the order of their names; empty if it holds no tables.
pub(super) fn of_folder(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let (mut files, mut folders): (Vec<File>, Vec<String>) = (Vec::new(), Vec::new());
    for entry in entries.flatten() {
        let file = entry.file_name();
        let name = file.to_string_lossy().into_owned();
        match entry.path().is_dir() {
            _ if name.starts_with(HIDDEN) => {}
            true => folders.push(name),
            false => files.push(File { name, file }),
        }
    }
    files.sort_by_cached_key(|file| (in_order(&file.name), file.file.clone()));
    folders.sort();
    if let Some(part) =
        folders.iter().find(|name| name.contains('=')).filter(|_| !files.iter().any(|file| is_table(&file.name)))
    {
        let column = part.split('=').next().unwrap_or_default();
        let error =
            format!("{}: mfnet does not read folders that divide a table by {column} ({part}, …)", folder.display());
        let query = format!(
            "copy (from read_parquet('{0}/**/*.parquet', hive_partitioning = true)) to '{0}.parquet'",
            folder.display()
        );
        return Err(Failure::work(error).help(format!("join its files: duckdb -c \"{query}\"")));
    }
    let parts: Vec<&File> = files.iter().filter(|file| file.name.starts_with("part")).collect();
    let tables: Vec<&File> = files.iter().filter(|file| is_table(&file.name)).collect();
    let same =
        |tables: &[&File]| tables.windows(2).all(|pair| without_number(&pair[0].name) == without_number(&pair[1].name));
    let chosen = match () {
        () if !parts.is_empty() => parts,
        () if same(&tables) => tables,
        () => {
            let names: Vec<String> =
                tables.iter().take(SHOWN).map(|table| folder.join(&table.file).display().to_string()).collect();
            let error = format!(
                "{}: expected a table or part files of one, found a folder of {} tables",
                folder.display(),
                tables.len()
            );
            return Err(Failure::work(error)
                .help(format!("name a file, or those whose rows belong together: {}", names.join(" "))));
        }
    };
    Ok(chosen.into_iter().map(|part| folder.join(&part.file)).collect())
}

fn is_table(name: &str) -> bool {
    let lower = name.to_lowercase();
    let plain = COMPRESSED.iter().find_map(|ending| lower.strip_suffix(ending)).unwrap_or(&lower);
    plain.rsplit_once('.').is_some_and(|(_, ending)| TABLES.contains(&ending))
}

/// A name without its digits, and without the letters of a UUID.
fn without_number(name: &str) -> String {
    let words = name.split_inclusive(|character: char| !character.is_alphanumeric());
    let is_hexadecimal = |word: &str| {
        let word = word.trim_end_matches(|character: char| !character.is_alphanumeric());
        word.len() >= 4 && word.chars().all(|character| character.is_ascii_hexdigit())
    };
    words
        .filter(|word| !is_hexadecimal(word))
        .flat_map(str::chars)
        .filter(|character| !character.is_ascii_digit())
        .collect()
}

/// The order of names in which part-2 is before part-10.
fn in_order(name: &str) -> (Vec<(String, u64)>, String) {
    let mut pieces = vec![(String::new(), 0)];
    let mut number = String::new();
    for character in name.chars() {
        if character.is_ascii_digit() {
            number.push(character);
        } else {
            if !number.is_empty() {
                if let Some(last) = pieces.last_mut() {
                    last.1 = number.parse().unwrap_or(u64::MAX);
                }
                pieces.push((String::new(), 0));
                number.clear();
            }
            if let Some(last) = pieces.last_mut() {
                last.0.push(character);
            }
        }
    }
    if let Some(last) = pieces.last_mut() {
        last.1 = number.parse().unwrap_or(0);
    }
    (pieces, name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_in_the_order_of_their_numbers() {
        let mut names = ["part-10.csv", "part-9.csv", "part-1.csv", "part-01.csv", "other.csv"];
        names.sort_by_key(|name| in_order(name));
        assert_eq!(names, ["other.csv", "part-01.csv", "part-1.csv", "part-9.csv", "part-10.csv"]);
    }

    #[test]
    fn parts_of_one_table_have_names_that_differ_in_numbers() {
        for (one, other, same) in [
            ("data_0.parquet", "data_1.parquet", true),
            ("00000000.parquet", "00000001.parquet", true),
            ("9ca7c5b2-0.parquet", "0df1e1aa-0.parquet", true),
            ("train.csv", "test.csv", false),
            ("2023.csv", "2024.csv", true),
        ] {
            assert_eq!(without_number(one) == without_number(other), same, "{one} {other}");
        }
    }
}
