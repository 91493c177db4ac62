//! Display: what explorers show of an object, by the templates of its type
//! (`docs/spec/sui-rpc.md` §8.6).
//!
//! A template is text with the names of fields in braces, `{size}` or `{storage.end_epoch}`; after a
//! backslash a brace is only a brace.

use std::{collections::BTreeMap, str::Chars};

use floe_core::onchain::framework::{Display, Wal};
use floe_ledger::LiveObject;
use prost_types::{Struct, Value, value::Kind};
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::{Address, Identifier, StructTag, TypeTag};

use super::json;
use crate::{
    Reader,
    rpc::{error::RpcResult, limits::Limits},
};

/// The display of an object; `None` if there is none for its type.
pub(crate) fn display(reader: &Reader, source: &LiveObject) -> RpcResult<Option<proto::Display>> {
    let Some(content) = source.as_struct() else {
        return Ok(None);
    };
    let tag = StructTag::new(
        Address::TWO,
        Identifier::from_static("display"),
        Identifier::from_static("Display"),
        vec![TypeTag::from(content.object_type().clone())],
    );
    let found = reader.catalogued(&tag, 1)?;
    let templates = found
        .first()
        .and_then(|object| object.as_struct())
        // The layout does not depend on the parameter.
        .and_then(|display| bcs::from_bytes::<Display<Wal>>(display.contents()).ok());
    let fields = json::struct_value(content.object_type(), content.contents());
    Ok(templates
        .zip(fields)
        .map(|(templates, fields)| fill_in(&templates.fields.contents, &fields)))
}

/// All templates with their fields filled in; null, and the reason, for those that can't be.
fn fill_in(templates: &[(String, String)], fields: &Value) -> proto::Display {
    let mut bytes_left = Limits::DISPLAY_BYTES_MAX;
    let (mut output, mut errors) = (BTreeMap::new(), BTreeMap::new());
    for (name, template) in templates {
        let kind = match filled_in(template, fields, &mut bytes_left) {
            Ok(text) => Kind::StringValue(text),
            Err(reason) => {
                errors.insert(name.clone(), value(Kind::StringValue(reason)));
                Kind::NullValue(0)
            }
        };
        output.insert(name.clone(), value(kind));
    }
    let members = |fields| Some(value(Kind::StructValue(Struct { fields })));
    let mut message = proto::Display::default();
    message.output = members(output);
    message.errors = (!errors.is_empty()).then(|| members(errors)).flatten();
    message
}

fn filled_in(template: &str, fields: &Value, bytes_left: &mut usize) -> Result<String, String> {
    let mut text = String::new();
    let mut add = |part: &str| {
        *bytes_left = bytes_left
            .checked_sub(part.len())
            .ok_or_else(|| "the display is too long".to_owned())?;
        text.push_str(part);
        Ok::<_, String>(())
    };
    let mut rest = template.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => add(rest.next().unwrap_or('\\').encode_utf8(&mut [0; 4]))?,
            '{' => add(&field(&path(&mut rest)?, fields)?)?,
            '}' => return Err("a brace is closed that was not opened".to_owned()),
            plain => add(plain.encode_utf8(&mut [0; 4]))?,
        }
    }
    Ok(text)
}

/// What is written up to the closing brace.
fn path(rest: &mut Chars<'_>) -> Result<String, String> {
    let (path, after) = rest
        .as_str()
        .split_once('}')
        .ok_or("a brace is not closed")?;
    *rest = after.chars();
    Ok(path.trim().to_owned())
}

/// A field as text; nothing for an option without a value.
fn field(path: &str, fields: &Value) -> Result<String, String> {
    let mut found = fields;
    for name in path.split('.') {
        found = match &found.kind {
            Some(Kind::StructValue(members)) => members.fields.get(name),
            _ => None,
        }
        .ok_or_else(|| format!("there is no field {path}"))?;
    }
    match &found.kind {
        Some(Kind::StringValue(text)) => Ok(text.clone()),
        Some(Kind::NumberValue(number)) => Ok(number.to_string()),
        Some(Kind::BoolValue(is)) => Ok(is.to_string()),
        Some(Kind::NullValue(_)) | None => Ok(String::new()),
        Some(Kind::StructValue(_) | Kind::ListValue(_)) => {
            Err(format!("field {path} has parts of its own"))
        }
    }
}

fn value(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(pairs: &[(&str, Kind)]) -> Kind {
        let pairs = pairs.iter();
        let fields = pairs.map(|(name, kind)| ((*name).to_owned(), value(kind.clone())));
        Kind::StructValue(Struct {
            fields: fields.collect(),
        })
    }

    fn filled(template: &str) -> Result<String, String> {
        let storage = members(&[("end", Kind::NumberValue(7.0))]);
        let fields = value(members(&[
            ("size", Kind::StringValue("1000".to_owned())),
            ("deletable", Kind::BoolValue(true)),
            ("certified", Kind::NullValue(0)),
            ("storage", storage),
        ]));
        filled_in(template, &fields, &mut 100)
    }

    #[test]
    fn fields_take_the_place_of_their_names() {
        let text = filled("{size} B, {deletable}, until {storage.end}{certified}").unwrap();
        assert_eq!(text, "1000 B, true, until 7");
        assert_eq!(filled(r"\{size\} \\ ü").unwrap(), r"{size} \ ü");
        assert_eq!(filled("").unwrap(), "");
    }

    #[test]
    fn what_is_no_template_is_said_to_be_none() {
        for template in [
            "{size",
            "size}",
            "{}",
            "{nothing}",
            "{storage}",
            "{size.end}",
        ] {
            filled(template).unwrap_err();
        }
        filled(&"{size}".repeat(25)).unwrap();
        assert_eq!(
            filled(&"{size}".repeat(26)).unwrap_err(),
            "the display is too long"
        );
    }

    #[test]
    fn one_bad_template_spoils_only_itself() {
        let templates = [("a", "1"), ("b", "{x}")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let shown = fill_in(&templates, &value(members(&[])));
        let expected = members(&[
            ("a", Kind::StringValue("1".to_owned())),
            ("b", Kind::NullValue(0)),
        ]);
        assert_eq!(shown.output, Some(value(expected)));
        let reason = Kind::StringValue("there is no field x".to_owned());
        assert_eq!(shown.errors, Some(value(members(&[("b", reason)]))));
    }
}
