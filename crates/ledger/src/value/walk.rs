//! Finds the borders of values inside BCS bytes by their types' layouts, for functions that are
//! generic over element types.

use sui_sdk_types::{StructTag, TypeTag};

use crate::{
    error::Failure,
    registry::{Layout, Registry, SigType},
};

/// The elements of a `vector<element>`, each as its own bytes.
///
/// # Errors
/// [`Failure::Invariant`] if the bytes are no such vector; values in slots always are.
pub(crate) fn elements(element: &TypeTag, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Failure> {
    let broken = || Failure::invariant(format!("not a vector of {element}"));
    let (len, mut rest) = length(bytes).ok_or_else(broken)?;
    // Every element has at least one byte.
    let mut items = Vec::with_capacity(len.min(rest.len()));
    for _ in 0..len {
        let after = skip(element, rest).ok_or_else(broken)?;
        let (item, _) = rest.split_at(rest.len() - after.len());
        items.push(item.to_vec());
        rest = after;
    }
    if rest.is_empty() {
        Ok(items)
    } else {
        Err(broken())
    }
}

/// Splits `bytes` behind a leading value of type `tag`.
///
/// # Errors
/// [`Failure::Invariant`] if there is no such value.
pub(crate) fn split_first<'b>(
    tag: &TypeTag,
    bytes: &'b [u8],
) -> Result<(&'b [u8], &'b [u8]), Failure> {
    skip(tag, bytes)
        .map(|after| bytes.split_at(bytes.len() - after.len()))
        .ok_or_else(|| Failure::invariant(format!("not a value of {tag}")))
}

/// The bytes of a vector of these elements.
pub(crate) fn join(items: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_length(&mut bytes, items.len());
    items
        .iter()
        .for_each(|item| bytes.extend_from_slice(item.as_ref()));
    bytes
}

/// Writes a sequence length.
pub(crate) fn write_length(bytes: &mut Vec<u8>, mut value: usize) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// Reads a sequence length: canonical ULEB128 up to 2^31 − 1.
pub(crate) fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (position, byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            let canonical = position == 0 || *byte != 0;
            let value = usize::try_from(value)
                .ok()
                .filter(|value| *value < 1 << 31)?;
            return canonical.then_some((value, bytes.get(position + 1..)?));
        }
    }
    None
}

/// What follows one value.
fn skip<'b>(tag: &TypeTag, bytes: &'b [u8]) -> Option<&'b [u8]> {
    visit(tag, bytes, &mut |_, _| {})
}

/// Calls `see` with the type of every struct and enum inside a value and the bytes from its start
/// on; what follows the value. Recursion is bounded by the nesting of the type and its layouts.
pub(crate) fn visit<'b>(
    tag: &TypeTag,
    bytes: &'b [u8],
    see: &mut impl FnMut(&StructTag, &'b [u8]),
) -> Option<&'b [u8]> {
    match tag {
        TypeTag::Bool | TypeTag::U8 => bytes.get(1..),
        TypeTag::U16 => bytes.get(2..),
        TypeTag::U32 => bytes.get(4..),
        TypeTag::U64 => bytes.get(8..),
        TypeTag::U128 => bytes.get(16..),
        TypeTag::U256 | TypeTag::Address | TypeTag::Signer => bytes.get(32..),
        TypeTag::Vector(element) => {
            let (len, mut rest) = length(bytes)?;
            for _ in 0..len {
                rest = visit(element, rest, see)?;
            }
            Some(rest)
        }
        TypeTag::Struct(tag) => {
            see(tag, bytes);
            let datatype = Registry::embedded().datatype_of(tag)?;
            match &datatype.layout {
                Layout::Struct(fields) => visit_fields(fields, tag.type_params(), bytes, see),
                Layout::Enum(variants) => {
                    let (index, rest) = length(bytes)?;
                    visit_fields(&variants.get(index)?.fields, tag.type_params(), rest, see)
                }
            }
        }
    }
}

fn visit_fields<'b>(
    fields: &[(String, SigType)],
    args: &[TypeTag],
    bytes: &'b [u8],
    see: &mut impl FnMut(&StructTag, &'b [u8]),
) -> Option<&'b [u8]> {
    let mut rest = bytes;
    for (_, ty) in fields {
        rest = match ty {
            SigType::Concrete(tag) => visit(tag, rest, see)?,
            open => visit(&open.instantiate(args)?, rest, see)?,
        };
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_nested_values() {
        let tag =
            Registry::parse_type("sui::vec_map::VecMap<u8, std::option::Option<u16>>").unwrap();
        let one = vec![2, 5, 0, 6, 1, 7, 0];
        let bytes = join(&[one.clone(), vec![0]]);
        assert_eq!(elements(&tag, &bytes).unwrap(), [one, vec![0]]);
        assert!(elements(&tag, &[1, 1, 5]).is_err());
        assert!(elements(&tag, &[0xff, 0xff, 0xff, 0xff, 7]).is_err());
    }

    #[test]
    fn lengths_round_trip() {
        for len in [0, 1, 127, 128, 16_383, 16_384, (1 << 31) - 1] {
            let mut bytes = Vec::new();
            write_length(&mut bytes, len);
            assert_eq!(length(&bytes), Some((len, [].as_slice())));
        }
        assert_eq!(length(&[0x80, 0]), None);
        assert_eq!(length(&[0xff, 0xff, 0xff, 0xff, 8]), None);
    }
}
