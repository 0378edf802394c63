//! The cases of `tests/wire/vectors`, read and expanded by the rules of `tests/wire/README.md`.

use serde_json::{Map, Value};

/// A case, and the file and row that it stands in.
pub struct Case {
    pub name: String,
    pub value: Value,
}

/// Latin-1: each character is one byte.
pub fn bytes_of(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect(),
        Value::Array(parts) => parts
            .iter()
            .flat_map(|part| match part {
                Value::Array(repeat) => {
                    bytes_of(&repeat[0]).repeat(usize::try_from(repeat[1].as_u64().unwrap()).unwrap())
                }
                text => bytes_of(text),
            })
            .collect(),
        other => panic!("no bytes: {other}"),
    }
}

pub fn text_of(bytes: &[u8]) -> Value {
    bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into()
}

/// Every case there is.
pub fn cases() -> Vec<Case> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/wire/vectors");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let texts = file["texts"].as_object().cloned().unwrap_or_default();
        for case in file["cases"].as_array().unwrap() {
            let (id, name) = (case["id"].as_str().unwrap(), case["name"].as_str().unwrap());
            for (number, value) in expand(case, &texts).into_iter().enumerate() {
                let label = if case["each"].is_null() { String::new() } else { format!(" #{number}") };
                cases.push(Case { name: format!("{stem} {id}: {name}{label}"), value });
            }
        }
    }
    cases
}

/// The cases that one stands for: one for each combination of the rows of its axes.
fn expand(case: &Value, texts: &Map<String, Value>) -> Vec<Value> {
    let mut combinations = vec![texts.clone()];
    for axis in case["each"].as_array().into_iter().flatten() {
        let rows = rows_of(axis);
        combinations = combinations
            .iter()
            .flat_map(|names| {
                rows.iter().map(|row| {
                    // A row may use the rows of axes before it.
                    let row = row.iter().map(|(key, value)| (key.clone(), filled(value, names)));
                    names.clone().into_iter().chain(row).collect()
                })
            })
            .collect();
    }
    let parts = case.as_object().unwrap().iter().filter(|(key, _)| !matches!(key.as_str(), "each" | "name"));
    combinations
        .iter()
        .map(|names| {
            parts.clone().map(|(key, value)| (key.clone(), filled(value, names))).collect::<Map<_, _>>().into()
        })
        .collect()
}

/// An axis is a list of rows, or `{key: values}`, where a pair of characters is a range of bytes.
fn rows_of(axis: &Value) -> Vec<Map<String, Value>> {
    if let Value::Array(rows) = axis {
        return rows.iter().map(|row| row.as_object().unwrap().clone()).collect();
    }
    let (key, values) = axis.as_object().unwrap().iter().next().unwrap();
    let row = |value: Value| Map::from_iter([(key.clone(), value)]);
    let mut rows = Vec::new();
    for value in values.as_array().unwrap() {
        if let Value::Array(pair) = value {
            let [first, last] = [&pair[0], &pair[1]].map(|end| end.as_str().unwrap().chars().next().unwrap());
            rows.extend((first..=last).map(|char| row(char.to_string().into())));
        } else {
            rows.push(row(value.clone()));
        }
    }
    rows
}

/// `value` with its places taken by what they name. A text that is one place becomes the value itself.
fn filled(value: &Value, names: &Map<String, Value>) -> Value {
    match value {
        Value::Array(list) => list.iter().map(|each| filled(each, names)).collect(),
        Value::String(text) => fill_text(text, names),
        other => other.clone(),
    }
}

fn fill_text(text: &str, names: &Map<String, Value>) -> Value {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{2039}') {
        let (place, tail) = after.split_once('\u{203a}').unwrap();
        let name = place.strip_prefix('%').unwrap_or(place);
        let value = names.get(name).unwrap_or_else(|| panic!("nothing is called {name}: {text}"));
        if rest.len() == text.len() && before.is_empty() && tail.is_empty() && name.len() == place.len() {
            return value.clone();
        }
        out.push_str(before);
        let plain = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if name.len() == place.len() {
            out.push_str(&plain);
        } else {
            out.extend(bytes_of(&plain.into()).iter().map(|byte| format!("%{byte:02X}")));
        }
        rest = tail;
    }
    out.push_str(rest);
    out.into()
}
