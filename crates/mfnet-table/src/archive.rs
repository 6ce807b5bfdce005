//! Zip archives: NumPy's `.npz`, Excel's `.xlsx`, and single tables that were zipped.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::FileProblem;
use crate::file::{Limited, TooLarge};

pub(crate) type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// An archive is refused as made to fill memory if it decompresses to more than the second number
/// of bytes, and to more than the first number times its size.
const LARGEST_RATIO: u64 = 200;
const LARGEST_UNASKED: u64 = 1 << 30;
/// The most names that an error lists.
const SHOWN: usize = 6;

/// Opens an archive, unless it is made to fill memory. Its files may become `memory` bytes.
pub(crate) fn opened(bytes: &[u8], memory: Option<u64>) -> Result<Archive<'_>, FileProblem> {
    let length = bytes.len() as u64;
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut size = 0u64;
    for i in 0..archive.len() {
        size = size.saturating_add(archive.by_index_raw(i)?.size());
    }
    let most = memory.unwrap_or(LARGEST_UNASKED.max(length.saturating_mul(LARGEST_RATIO)));
    if size > most {
        return Err(TooLarge { read: length, most }.into());
    }
    if archive.has_overlapping_files()? {
        return Err(FileProblem::Damaged("its files overlap".to_owned()));
    }
    Ok(archive)
}

/// The files of an archive with their indices, without those that systems add.
pub(crate) fn files(archive: &mut Archive<'_>) -> Result<Vec<(usize, String)>, FileProblem> {
    let mut files = Vec::new();
    for i in 0..archive.len() {
        let name = archive.by_index_raw(i)?.name()?.into_owned();
        let file = name.rsplit('/').next().unwrap_or(&name);
        if !file.is_empty() && !file.starts_with('.') && !name.starts_with("__MACOSX/") {
            files.push((i, name));
        }
    }
    Ok(files)
}

/// The bytes of a file. It may not have more than its directory says.
pub(crate) fn member<'a>(archive: &'a mut Archive<'_>, i: usize) -> Result<impl Read + 'a, FileProblem> {
    let member = archive.by_index(i)?;
    let (size, stored) = (member.size(), member.compressed_size());
    Ok(Limited::new(member, stored, size))
}

/// The only file of an archive with its index, or the problem of another archive.
pub(crate) fn only_file(files: &[(usize, String)]) -> Result<(usize, &str), FileProblem> {
    if let [(i, name)] = files {
        return Ok((*i, name));
    }
    let mut names: Vec<String> = files.iter().take(SHOWN).map(|(_, name)| name.clone()).collect();
    if files.len() > SHOWN {
        names.push(format!("… ({} files)", files.len()));
    }
    Err(FileProblem::SeveralFiles(names))
}

/// The problem of an archive that is a document of another kind.
pub(crate) fn other_document(files: &[(usize, String)]) -> Option<FileProblem> {
    let has = |name: &str| files.iter().any(|(_, file)| file.starts_with(name));
    let convert = "libreoffice --headless --convert-to csv FILE";
    let found = match () {
        () if has("xl/workbook.bin") => "a binary workbook of Excel (.xlsb)",
        () if has("mimetype") && has("content.xml") => "an OpenDocument file (.ods)",
        () if has("word/") || has("ppt/") => "an Office document without a table",
        () if has("data.pkl") || files.iter().any(|(_, file)| file.ends_with("/data.pkl")) => {
            let convert = "save the arrays in Python with numpy.savez, or the table with pandas.DataFrame.to_parquet";
            return Some(FileProblem::OtherKind { found: "a file of PyTorch", convert });
        }
        () => return None,
    };
    Some(FileProblem::OtherKind { found, convert })
}

impl From<ZipError> for FileProblem {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => FileProblem::Encrypted,
            ZipError::Io(error) => {
                FileProblem::too_large(&error).unwrap_or_else(|| FileProblem::Other(format!("cannot read: {error}")))
            }
            ZipError::InvalidArchive(_) => FileProblem::Damaged(error.to_string()),
            error => FileProblem::Other(error.to_string()),
        }
    }
}
