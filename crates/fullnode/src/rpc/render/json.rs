//! Move values as JSON, by the layouts of the registry.
//!
//! Small numbers are numbers, those of 64 bits and more are strings; bytes are base64; ids,
//! addresses, strings, URLs and balances are strings; options are their value or null; variants of
//! enums carry their name under `@variant`.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use floe_ledger::{Layout, Registry, SigType};
use prost_types::{ListValue, Struct, Value, value::Kind};
use sui_sdk_types::{Address, StructTag, TypeTag};

use crate::rpc::limits::Limits;

/// The JSON of a value; `None` if it is too large, or not a value of this type.
pub(crate) fn value(tag: &TypeTag, bytes: &[u8]) -> Option<Value> {
    let mut renderer = Renderer {
        nodes_left: Limits::JSON_NODES_MAX,
    };
    let (value, rest) = renderer.value(tag, bytes)?;
    rest.is_empty().then_some(value)
}

/// The JSON of a struct's value.
pub(crate) fn struct_value(tag: &StructTag, bytes: &[u8]) -> Option<Value> {
    value(&TypeTag::Struct(Box::new(tag.clone())), bytes)
}

struct Renderer {
    nodes_left: usize,
}

type Parsed<'b> = Option<(Value, &'b [u8])>;

impl Renderer {
    /// Recursion is bounded by the nesting of the type and its layouts.
    fn value<'b>(&mut self, tag: &TypeTag, bytes: &'b [u8]) -> Parsed<'b> {
        self.nodes_left = self.nodes_left.checked_sub(1)?;
        match tag {
            TypeTag::Bool => {
                let (byte, rest) = bytes.split_first()?;
                Some((kind(Kind::BoolValue(*byte != 0)), rest))
            }
            TypeTag::U8 => number::<1>(bytes, |le| f64::from(u8::from_le_bytes(le))),
            TypeTag::U16 => number::<2>(bytes, |le| f64::from(u16::from_le_bytes(le))),
            TypeTag::U32 => number::<4>(bytes, |le| f64::from(u32::from_le_bytes(le))),
            TypeTag::U64 => decimal::<8>(bytes, |le| u64::from_le_bytes(le).to_string()),
            TypeTag::U128 => decimal::<16>(bytes, |le| u128::from_le_bytes(le).to_string()),
            TypeTag::U256 => decimal::<32>(bytes, u256_text),
            TypeTag::Address | TypeTag::Signer => {
                decimal::<32>(bytes, |id| Address::new(id).to_string())
            }
            TypeTag::Vector(element) => self.vector(element, bytes),
            TypeTag::Struct(tag) => self.datatype(tag, bytes),
        }
    }

    fn vector<'b>(&mut self, element: &TypeTag, bytes: &'b [u8]) -> Parsed<'b> {
        let (len, mut rest) = length(bytes)?;
        if *element == TypeTag::U8 {
            let (content, rest) = rest.split_at_checked(len)?;
            return Some((text(STANDARD.encode(content)), rest));
        }
        let mut values = Vec::new();
        for _ in 0..len {
            let (value, after) = self.value(element, rest)?;
            values.push(value);
            rest = after;
        }
        Some((kind(Kind::ListValue(ListValue { values })), rest))
    }

    fn datatype<'b>(&mut self, tag: &StructTag, bytes: &'b [u8]) -> Parsed<'b> {
        match Known::of(tag) {
            Some(Known::Text) => {
                let (len, rest) = length(bytes)?;
                let (content, rest) = rest.split_at_checked(len)?;
                Some((text(std::str::from_utf8(content).ok()?), rest))
            }
            Some(Known::Id) => self.value(&TypeTag::Address, bytes),
            Some(Known::Balance) => self.value(&TypeTag::U64, bytes),
            Some(Known::Option) => {
                let (len, rest) = length(bytes)?;
                match len {
                    0 => Some((kind(Kind::NullValue(0)), rest)),
                    1 => self.value(tag.type_params().first()?, rest),
                    _ => None,
                }
            }
            None => self.by_layout(tag, bytes),
        }
    }

    fn by_layout<'b>(&mut self, tag: &StructTag, bytes: &'b [u8]) -> Parsed<'b> {
        let args = tag.type_params();
        match &Registry::embedded().datatype_of(tag)?.layout {
            Layout::Struct(fields) => self.fields(BTreeMap::new(), fields, args, bytes),
            Layout::Enum(variants) => {
                let (index, rest) = length(bytes)?;
                let variant = variants.get(index)?;
                let name = ("@variant".to_owned(), text(variant.name.as_str()));
                self.fields(BTreeMap::from([name]), &variant.fields, args, rest)
            }
        }
    }

    fn fields<'b>(
        &mut self,
        mut members: BTreeMap<String, Value>,
        fields: &[(String, SigType)],
        args: &[TypeTag],
        bytes: &'b [u8],
    ) -> Parsed<'b> {
        let mut rest = bytes;
        for (name, ty) in fields {
            let (value, after) = match ty {
                SigType::Concrete(tag) => self.value(tag, rest)?,
                open => self.value(&open.instantiate(args)?, rest)?,
            };
            members.insert(name.clone(), value);
            rest = after;
        }
        Some((kind(Kind::StructValue(Struct { fields: members })), rest))
    }
}

/// Types with a form of their own.
enum Known {
    Text,
    Id,
    Balance,
    Option,
}

impl Known {
    fn of(tag: &StructTag) -> Option<Self> {
        let package = *tag.address();
        let std = package == Address::from_static("0x1");
        let sui = package == Address::TWO;
        match (tag.module().as_str(), tag.name().as_str()) {
            ("string" | "ascii", "String") if std => Some(Self::Text),
            ("option", "Option") if std => Some(Self::Option),
            ("url", "Url") if sui => Some(Self::Text),
            ("object", "ID" | "UID") if sui => Some(Self::Id),
            ("balance", "Balance") if sui => Some(Self::Balance),
            _ => None,
        }
    }
}

fn kind(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}

fn text(text: impl Into<String>) -> Value {
    kind(Kind::StringValue(text.into()))
}

fn number<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f64) -> Parsed<'_> {
    let (le, rest) = bytes.split_first_chunk::<N>()?;
    Some((kind(Kind::NumberValue(read(*le))), rest))
}

fn decimal<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> String) -> Parsed<'_> {
    let (le, rest) = bytes.split_first_chunk::<N>()?;
    Some((text(read(*le)), rest))
}

/// Decimal digits of a little-endian number, by repeated division by 10^18.
fn u256_text(le: [u8; 32]) -> String {
    const BASE: u128 = 1_000_000_000_000_000_000;
    let (chunks, _) = le.as_chunks::<8>();
    let mut limbs: Vec<u128> = chunks
        .iter()
        .rev()
        .map(|chunk| u128::from(u64::from_le_bytes(*chunk)))
        .collect();
    let mut groups: Vec<u128> = Vec::new();
    while limbs.iter().any(|limb| *limb != 0) {
        let mut remainder = 0;
        for limb in &mut limbs {
            let value = (remainder << 64) | *limb;
            *limb = value / BASE;
            remainder = value % BASE;
        }
        groups.push(remainder);
    }
    let Some(first) = groups.pop() else {
        return "0".to_owned();
    };
    let mut digits = first.to_string();
    for group in groups.iter().rev() {
        digits.push_str(&format!("{group:018}"));
    }
    digits
}

/// A sequence length.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for (position, byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(position + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str) -> TypeTag {
        Registry::parse_type(name).unwrap()
    }

    fn member<'v>(value: &'v Value, name: &str) -> &'v Kind {
        match value.kind.as_ref().unwrap() {
            Kind::StructValue(fields) => fields.fields[name].kind.as_ref().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_coin_shows_its_id_and_balance_as_text() {
        let mut bytes = vec![7; 32];
        bytes.extend(5_000_000_000_u64.to_le_bytes());
        let json = value(&parse("sui::coin::Coin<sui::sui::SUI>"), &bytes).unwrap();
        let id = Address::new([7; 32]).to_string();
        assert_eq!(*member(&json, "id"), Kind::StringValue(id));
        let balance = Kind::StringValue("5000000000".to_owned());
        assert_eq!(*member(&json, "balance"), balance);
    }

    #[test]
    fn options_vectors_and_bytes_have_their_json_form() {
        let none = value(&parse("std::option::Option<u64>"), &[0]).unwrap();
        assert_eq!(none.kind, Some(Kind::NullValue(0)));
        let some = value(&parse("std::option::Option<u8>"), &[1, 9]).unwrap();
        assert_eq!(some.kind, Some(Kind::NumberValue(9.0)));
        let bytes = value(&parse("vector<u8>"), &[2, 1, 2]).unwrap();
        assert_eq!(bytes.kind, Some(Kind::StringValue("AQI=".to_owned())));
        let list = value(&parse("vector<u16>"), &[1, 1, 2]).unwrap();
        let Some(Kind::ListValue(list)) = list.kind else {
            panic!("{list:?}")
        };
        assert_eq!(list.values[0].kind, Some(Kind::NumberValue(513.0)));
    }

    #[test]
    fn large_numbers_keep_all_digits() {
        assert_eq!(u256_text([0; 32]), "0");
        let max = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        assert_eq!(u256_text([0xff; 32]), max);
        let mut le = [0; 32];
        le[8] = 1;
        assert_eq!(u256_text(le), "18446744073709551616");
    }

    #[test]
    fn truncated_oversized_and_trailing_values_have_no_json() {
        let list = parse("vector<bool>");
        assert!(value(&list, &[5, 1]).is_none());
        assert!(value(&list, &[1, 1, 1]).is_none());
        assert!(value(&list, &[0xff, 0xff, 0xff, 0xff, 0xff]).is_none());
        let mut large = vec![0xff, 0xff, 3];
        large.extend(vec![0; 65_535]);
        assert!(value(&list, &large).is_none());
    }
}
