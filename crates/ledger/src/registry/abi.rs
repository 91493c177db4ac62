//! Reads interface tables in the format of `docs/spec/contracts_abi.json`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::RegistryError;

/// One table file.
#[derive(Debug, Deserialize)]
pub(super) struct AbiFile {
    pub(super) modules: BTreeMap<String, AbiModule>,
}

/// A module; its key is `package::module`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AbiModule {
    pub(super) structs: BTreeMap<String, AbiStruct>,
    pub(super) enums: BTreeMap<String, AbiEnum>,
    pub(super) functions: BTreeMap<String, AbiFunction>,
    pub(super) errors: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AbiStruct {
    pub(super) abilities: Vec<String>,
    #[serde(default)]
    pub(super) type_params: String,
    pub(super) fields: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AbiEnum {
    pub(super) abilities: Vec<String>,
    #[serde(default)]
    pub(super) type_params: String,
    pub(super) variants: Vec<(String, Vec<(String, String)>)>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AbiFunction {
    pub(super) visibility: String,
    pub(super) type_params: String,
    pub(super) params: Vec<(String, String)>,
    pub(super) returns: String,
}

impl AbiFile {
    pub(super) fn parse(text: &str) -> Result<Self, RegistryError> {
        serde_json::from_str(text).map_err(|source| RegistryError::Table {
            message: source.to_string(),
        })
    }
}

/// A type expression as written: `&mut a::b::C<T, vector<u8>>`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TypeExpr<'a> {
    pub(super) name: &'a str,
    pub(super) args: Vec<Self>,
}

impl<'a> TypeExpr<'a> {
    /// Parses one expression without a reference sign.
    pub(super) fn parse(text: &'a str) -> Result<Self, RegistryError> {
        let text = text.trim();
        let Some(open) = text.find('<') else {
            return Ok(Self {
                name: text,
                args: Vec::new(),
            });
        };
        let (name, rest) = text.split_at(open);
        let inner = rest
            .strip_prefix('<')
            .and_then(|rest| rest.strip_suffix('>'))
            .ok_or_else(|| RegistryError::Type {
                text: text.to_owned(),
            })?;
        let args = split_list(inner)
            .into_iter()
            .map(Self::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self { name, args })
    }
}

/// Splits at the commas outside of angle brackets; an empty text has no items.
pub(super) fn split_list(text: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let mut depth = 0_usize;
        let end = rest.find(|c| {
            match c {
                '<' => depth += 1,
                '>' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        });
        let (item, tail) = end
            .and_then(|end| rest.split_at_checked(end))
            .unwrap_or((rest, ""));
        items.push(item.trim());
        rest = tail.strip_prefix(',').unwrap_or(tail).trim_start();
    }
    items
}
