//! One way down: no module of a crate uses, however indirectly, one that uses it.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// For each module that stands beside lib.rs or main.rs, the names that follow `crate::` in it and below it.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// Without comments and tests.
fn code(text: &str) -> String {
    let is_test = |line: &&str| line.starts_with("#[cfg(") && line.contains("test");
    let lines = text.lines().take_while(|line| !is_test(line));
    lines.filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// `a` of `crate::a::b`, and `a`, `b` of `crate::{a, b::c}`.
fn used(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut used = BTreeSet::new();
    for (place, _) in code.match_indices("crate::") {
        let rest = &code[place + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => used.extend(group.split_once("};").unwrap().0.split(',').map(|item| word(item.trim()))),
            None => drop(used.insert(word(rest))),
        }
    }
    used
}

fn read(folder: &Path, module: Option<&str>, uses: &mut Uses) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let module = module.unwrap_or(name);
        if path.is_dir() {
            read(&path, Some(module), uses);
        } else if !["lib", "main", "tests", "golden"].contains(&name) {
            let used = used(&code(&fs::read_to_string(&path).unwrap()));
            uses.entry(module.to_owned()).or_default().extend(used.into_iter().filter(|other| other != module));
        }
    }
}

/// Takes away what uses nothing that is left; what stays is in a circle or uses one.
fn circles(mut uses: Uses) -> Uses {
    loop {
        let before = uses.len();
        let modules: BTreeSet<String> = uses.keys().cloned().collect();
        uses.retain(|_, used| !used.is_disjoint(&modules));
        if uses.len() == before {
            return uses;
        }
    }
}

#[test]
fn modules_use_what_stands_before_them() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for name in ["mfnet", "mfnet-table", "mfnet-cli", "mfnet-bench"] {
        let mut uses = Uses::new();
        read(&crates.join(name).join("src"), None, &mut uses);
        assert!(uses.len() > 3, "{name} has modules");
        assert_eq!(circles(uses), Uses::new(), "{name}");
    }
}

#[test]
fn a_circle_is_seen() {
    let of = |module: &str, text: &str| (module.to_owned(), used(&code(text)));
    let below = of("a", "// use crate::c;\nlet x = 1;\n#[cfg(test)]\nmod tests {\n    use crate::c;\n}\n");
    let uses =
        Uses::from([below, of("b", "use crate::{a::A, d};\n"), of("c", "crate::b::f()"), of("d", "crate::c::g()")]);
    assert_eq!(circles(uses).into_keys().collect::<Vec<_>>(), ["b", "c", "d"]);
}
