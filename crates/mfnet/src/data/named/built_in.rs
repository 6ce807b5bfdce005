use mfnet_table::{ReadTable, Table};

use crate::error::Result;

/// A data set that is compiled into the library. `assets/README.md` says where each comes from.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// The name that the command line uses.
    pub name: &'static str,
    /// The target column.
    pub target: &'static str,
    /// Number of samples.
    pub samples: usize,
    /// Number of features.
    pub features: usize,
    /// Number of classes; 0 if the target is a value.
    pub classes: usize,
    /// The licence.
    pub licence: &'static str,
    /// A description in one line.
    pub description: &'static str,
    gzip: &'static [u8],
}

/// All built-in data sets.
pub const BUILT_IN: [BuiltIn; 5] = [
    BuiltIn {
        name: "digits",
        target: "digit",
        samples: 1797,
        features: 64,
        classes: 10,
        licence: "CC BY 4.0",
        description: "handwritten digits of 8 × 8 pixels (UCI optical recognition of handwritten digits)",
        gzip: include_bytes!("../../../assets/digits.csv.gz"),
    },
    BuiltIn {
        name: "diabetes",
        target: "progression",
        samples: 442,
        features: 10,
        classes: 0,
        licence: "none named",
        description: "measurements of patients, progression of diabetes after a year (Efron et al. 2004)",
        gzip: include_bytes!("../../../assets/diabetes.csv.gz"),
    },
    BuiltIn {
        name: "xor",
        target: "class",
        samples: 500,
        features: 2,
        classes: 2,
        licence: "as mfnet",
        description: "points of a square; the class says whether both coordinates have the same sign (generated)",
        gzip: include_bytes!("../../../assets/xor.csv.gz"),
    },
    BuiltIn {
        name: "moons",
        target: "class",
        samples: 500,
        features: 2,
        classes: 2,
        licence: "as mfnet",
        description: "two interleaved half circles with noise (generated)",
        gzip: include_bytes!("../../../assets/moons.csv.gz"),
    },
    BuiltIn {
        name: "spiral",
        target: "class",
        samples: 500,
        features: 2,
        classes: 2,
        licence: "as mfnet",
        description: "two arms of a spiral with noise (generated)",
        gzip: include_bytes!("../../../assets/spiral.csv.gz"),
    },
];

impl BuiltIn {
    /// The data as a table.
    ///
    /// # Errors
    /// None in practice: the bytes are part of the program.
    pub fn table(&self) -> Result<Table> {
        Ok(ReadTable::new().read_from(self.name, self.gzip)?)
    }

    /// The size of the compressed table in the library.
    pub fn bytes(&self) -> u64 {
        self.gzip.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;

    /// SHA-256 and counts as `assets/README.md` gives them, which the programs in `assets` printed.
    #[test]
    fn they_are_what_their_origin_says() {
        let readme = include_str!("../../../assets/README.md");
        for built_in in BUILT_IN {
            assert!(readme.contains(&built_in.table().unwrap().digest()), "{}", built_in.name);
            let data = Dataset::built_in(built_in.name).unwrap();
            let found = (data.samples(), data.features(), data.classes(), data.outputs());
            assert_eq!(found, (built_in.samples, built_in.features, built_in.classes, built_in.classes.max(1)));
        }
        assert_eq!(
            Dataset::built_in("iris").unwrap_err().to_string(),
            "built-in data set: expected digits, diabetes, xor, moons or spiral, found iris"
        );
    }
}
