//! Arguments and paths in JSON, also those that are not UTF-8.

use std::ffi::{OsStr, OsString};

use serde_json::Value;

/// A string; on Unix, a list of bytes if the text is not UTF-8. `None` for such a text on other systems.
pub(crate) fn text(text: &OsStr) -> Option<Value> {
    text.to_str().map(Value::from).or_else(|| bytes(text))
}

/// The text of [`text`].
pub(crate) fn read(value: &Value) -> Option<OsString> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Array(bytes) => {
            let byte = |byte: &Value| byte.as_u64().and_then(|byte| u8::try_from(byte).ok());
            of_bytes(bytes.iter().map(byte).collect::<Option<_>>()?)
        }
        _ => None,
    }
}

#[cfg(unix)]
fn bytes(text: &OsStr) -> Option<Value> {
    use std::os::unix::ffi::OsStrExt;
    Some(text.as_bytes().into())
}

#[cfg(unix)]
fn of_bytes(bytes: Vec<u8>) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(bytes))
}

#[cfg(not(unix))]
fn bytes(_text: &OsStr) -> Option<Value> {
    None
}

#[cfg(not(unix))]
fn of_bytes(_bytes: Vec<u8>) -> Option<OsString> {
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn any_text_comes_back() {
        for known in ["", "runs/a b", "é"] {
            assert_eq!(text(known.as_ref()), Some(json!(known)));
            assert_eq!(read(&json!(known)), Some(known.into()));
        }
        for other in [json!(null), json!(3), json!([256]), json!(["a"]), json!([-1])] {
            assert_eq!(read(&other), None);
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_not_utf_8_come_back() {
        let odd = of_bytes(vec![b'a', 0xff, b'.']).unwrap();
        let stored = text(&odd).unwrap();
        assert_eq!(stored, json!([97, 255, 46]));
        assert_eq!(read(&stored), Some(odd));
    }
}
