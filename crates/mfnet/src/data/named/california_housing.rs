//! Reads the table of StatLib in the form that scikit-learn gives it.

use std::io::Read;

use flate2::bufread::GzDecoder;
use mfnet_table::{FileProblem, number};

use crate::data::split::Part;
use crate::data::{Dataset, Features, Samples, Targets};
use crate::error::{DataProblem, Error, ErrorKind, Result};

/// The columns of cal_housing.data, which has no header.
const COLUMNS: [&str; 9] = [
    "longitude",
    "latitude",
    "housingMedianAge",
    "totalRooms",
    "totalBedrooms",
    "population",
    "households",
    "medianIncome",
    "medianHouseValue",
];
const FEATURES: [&str; 8] =
    ["MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude"];

/// A letter for each row; `assets/README.md` gives the source.
const SPLIT: &[u8] = include_bytes!("../../../assets/california_housing_split.gz");

/// Reads the text of cal_housing.data:
///
/// ```text
/// AveRooms = totalRooms / households    AveBedrms = totalBedrooms / households    AveOccup = population / households
/// MedHouseVal = medianHouseValue / 100000
/// ```
///
/// The other features are columns as they are.
pub(super) fn parse(file: &str, name: &str, bytes: &[u8]) -> Result<Dataset> {
    let text = str::from_utf8(bytes).map_err(|_| Error::data(file, FileProblem::NotUtf8))?;
    let (mut inputs, mut values) = (Vec::new(), Vec::new());
    for (i, line) in text.lines().enumerate() {
        let at = |column: Option<usize>, problem: DataProblem| {
            let (line, column) = (Some(i as u64 + 1), column.map(|column| COLUMNS[column].to_owned()));
            Error::from(ErrorKind::Data { file: file.to_owned(), line, column, problem })
        };
        let fields: Vec<&str> = line.split(',').collect();
        if fields.len() != COLUMNS.len() {
            let problem = format!("expected {} fields, found {}", COLUMNS.len(), fields.len());
            return Err(at(None, DataProblem::Published(problem)));
        }
        let mut row = [0.0; COLUMNS.len()];
        for (column, field) in fields.iter().enumerate() {
            row[column] = number(field).map_err(|problem| at(Some(column), problem.into()))?;
        }
        let [longitude, latitude, age, rooms, bedrooms, population, households, income, value] = row;
        if households <= 0.0 {
            let expected = "a positive number, because others are divided by it";
            let problem = format!("expected {expected}, found {:?}", fields[6].trim());
            return Err(at(Some(6), DataProblem::Published(problem)));
        }
        let (rooms, bedrooms, occupants) = (rooms / households, bedrooms / households, population / households);
        inputs.extend([income, age, rooms, bedrooms, population, occupants, latitude, longitude]);
        values.push(value / 100_000.0);
    }
    if values.is_empty() {
        return Err(Error::data(file, FileProblem::Empty));
    }
    let features =
        Features::of_numbers(FEATURES.map(str::to_owned).to_vec(), Samples::from_rows(FEATURES.len(), inputs));
    let targets = Targets::Values { columns: vec!["MedHouseVal".to_owned()], values: Samples::from_rows(1, values) };
    Ok(Dataset::of(name, features, targets))
}

/// The part that each row belongs to.
pub(super) fn official_split() -> Result<Vec<Part>> {
    let mut letters = Vec::new();
    GzDecoder::new(SPLIT).read_to_end(&mut letters).map_err(Error::io("the official split".as_ref(), "decompress"))?;
    let part = |letter: u8| match letter {
        b'v' => Part::Validation,
        b'e' => Part::Test,
        _ => Part::Train,
    };
    Ok(letters.into_iter().map(part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first two rows of the file. The expected numbers are those that scikit-learn's
    /// documentation shows for its first rows: 8.3252, 41.0, 6.98412698, 1.02380952, 322.0,
    /// 2.55555556, 37.88, -122.23, and 4.526, 3.585.
    #[test]
    fn the_form_of_scikit_learn() {
        let text = "-122.230000,37.880000,41.000000,880.000000,129.000000,322.000000,126.000000,8.325200,452600.000000\r\n\
                    -122.220000,37.860000,21.000000,7099.000000,1106.000000,2401.000000,1138.000000,8.301400,358500.000000\r\n";
        let data = parse("t", "t", text.as_bytes()).unwrap();
        let expected = [8.3252, 41.0, 6.98412698, 1.02380952, 322.0, 2.55555556, 37.88, -122.23];
        assert!(data.inputs().column(0).zip(expected).all(|(x, expected)| (x - expected).abs() < 5e-9));
        let Targets::Values { values, .. } = data.targets() else { panic!("values") };
        assert_eq!(values.iter().collect::<Vec<_>>(), [4.526, 3.585]);
    }

    #[test]
    fn what_is_wrong_with_the_table() {
        let first = "-122.23,37.88,41,880,129,322,126,8.3252,452600\n";
        let error = |line: &str| parse("t", "t", format!("{first}{line}\n").as_bytes()).unwrap_err().to_string();
        assert_eq!(error("1,2,3"), "t, line 2: expected 9 fields, found 3");
        assert_eq!(error(""), "t, line 2: expected 9 fields, found 1");
        assert_eq!(error("1,2,3,4,x,6,7,8,9"), "t, line 2, column \"totalBedrooms\": expected a number, found \"x\"");
        assert_eq!(
            error("1,2,3,4,,6,7,8,9"),
            "t, line 2, column \"totalBedrooms\": expected a value, found an empty cell"
        );
        assert_eq!(
            error("inf,2,3,4,5,6,7,8,9"),
            "t, line 2, column \"longitude\": expected a finite number, found \"inf\""
        );
        assert_eq!(
            error("1,2,3,4,5,6,0,8,9"),
            "t, line 2, column \"households\": expected a positive number, because others are divided by it, found \"0\""
        );
        assert_eq!(parse("t", "t", b"").unwrap_err().to_string(), "t: the file is empty");
        assert_eq!(parse("t", "t", b"\xff").unwrap_err().to_string(), "t: expected UTF-8 text, found other bytes");
    }

    /// As many rows as the data of the papers have: 13209, 3303, 4128.
    #[test]
    fn the_official_split() {
        let parts = official_split().unwrap();
        let count = |part| parts.iter().filter(|p| **p == part).count();
        assert_eq!([Part::Train, Part::Validation, Part::Test].map(count), [13209, 3303, 4128]);
    }
}
