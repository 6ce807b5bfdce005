use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The most bytes of all tensors.
const MOST: usize = 1 << 16;

/// A model file from a description that keeps its sense when a fuzzer alters it:
///
/// ```text
/// {the metadata as JSON}
/// 0.weight F64 2 3          a tensor: name, type, sizes
/// 0.bias F64 2
///                           an empty line
/// the tensors' bytes        as many as they need; what is missing is 0
/// ```
///
/// The metadata's numbers are written as mfnet writes them, and `sha256` becomes what it has to be.
pub(super) fn file(bytes: &[u8]) -> Option<Vec<u8>> {
    let end = bytes.windows(2).position(|two| two == b"\n\n")?;
    let (description, mut given) = (str::from_utf8(&bytes[..end]).ok()?, bytes[end + 2..].iter().copied());
    let mut lines = description.split('\n');
    let mut metadata: Map<String, Value> = serde_json::from_str(lines.next()?).ok()?;
    let (mut header, mut data, mut places) = (Map::new(), Vec::new(), Vec::new());
    for line in lines {
        let mut words = line.split(' ');
        let (name, dtype) = (words.next()?, words.next()?);
        let shape: Vec<u64> = words.map_while(|word| word.parse().ok()).collect();
        let size = if dtype == "F32" { 4 } else { 8 };
        let length = shape.iter().try_fold(size, |product: usize, size| product.checked_mul(*size as usize));
        // one that is too large goes on behind the end
        let length = length.filter(|length| data.len() + length <= MOST).unwrap_or(MOST + 1);
        let start = data.len();
        if length <= MOST {
            data.extend(std::iter::repeat_with(|| given.next().unwrap_or(0)).take(length));
        }
        header
            .insert(name.to_owned(), json!({"dtype": dtype, "shape": shape, "data_offsets": [start, start + length]}));
        places.push((name.to_owned(), start..data.len()));
    }
    complete(&mut metadata);
    metadata.insert("sha256".to_owned(), "".into());
    let mut hash = Sha256::new_with_prefix(Value::from(metadata.clone()).to_string());
    for (index, layer) in metadata.get("layers")?.as_array()?.iter().enumerate() {
        let prefix = format!("{index}.");
        let mut names: Vec<String> = match layer["kind"] == "linear" {
            true => ["weight", "bias"].map(|name| prefix.clone() + name).into(),
            // those of other layers in the order of the description
            false => places.iter().map(|(name, _)| name.clone()).filter(|name| name.starts_with(&prefix)).collect(),
        };
        names.dedup();
        for name in names {
            let place = places.iter().rev().find(|(known, _)| *known == name);
            place.into_iter().for_each(|(_, place)| hash.update(&data[place.clone()]));
        }
    }
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    metadata.insert("sha256".to_owned(), digest.into());
    header.insert("__metadata__".to_owned(), json!({"mfnet": Value::from(metadata).to_string()}));
    let header = Value::from(header).to_string();
    Some([&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat())
}

/// What mfnet would read and write again: fields that may be missing, and numbers that are no counts as such.
fn complete(metadata: &mut Map<String, Value>) {
    if let Some(preprocessing) = metadata.get_mut("preprocessing") {
        floats(preprocessing, false);
    }
    if let Some(Value::Object(training)) = metadata.get_mut("training") {
        for (name, value) in
            [("loss", Value::Null), ("data", Value::Null), ("split", Value::Null), ("settings", json!({}))]
        {
            training.entry(name).or_insert(value);
        }
        if let Some(split) = training.get_mut("split") {
            floats(split, false);
        }
    }
}

/// Makes numbers floats, if they are or stand below something that is called as floats are.
fn floats(value: &mut Value, are: bool) {
    match value {
        Value::Number(_) if are => *value = value.as_f64().into(),
        Value::Array(values) => values.iter_mut().for_each(|value| floats(value, are)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let known = ["mean", "scale", "fill", "validation", "test", "p", "epsilon", "momentum", "slope"]
                    .contains(&name.as_str());
                floats(value, known || (name == "inputs" && value.is_array()));
            }
        }
        _ => {}
    }
}
