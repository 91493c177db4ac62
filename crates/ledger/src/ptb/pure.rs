//! Pure inputs: bytes that a transaction brings along, checked against the type they are used as.

use sui_sdk_types::{Address, CommandArgumentError, StructTag, TypeTag};

use crate::{registry::TypeLimits, value::walk};

/// Checks that `bytes` are exactly one value of `tag`, and that `tag` may come as pure bytes: a
/// number, `bool`, `address`, `ID`, a string, or an option or vector of these.
pub(super) fn check(tag: &TypeTag, bytes: &[u8]) -> Result<(), CommandArgumentError> {
    if !is_pure(tag, TypeLimits::DEPTH_MAX) {
        return Err(CommandArgumentError::InvalidUsageOfPureArgument);
    }
    match skip(tag, bytes) {
        Some([]) => Ok(()),
        _ => Err(CommandArgumentError::InvalidBcsBytes),
    }
}

enum Shape<'a> {
    Fixed(usize),
    Bool,
    Utf8,
    Ascii,
    Sequence {
        element: &'a TypeTag,
        len_max: usize,
    },
}

fn shape(tag: &TypeTag) -> Option<Shape<'_>> {
    Some(match tag {
        TypeTag::Bool => Shape::Bool,
        TypeTag::U8 => Shape::Fixed(1),
        TypeTag::U16 => Shape::Fixed(2),
        TypeTag::U32 => Shape::Fixed(4),
        TypeTag::U64 => Shape::Fixed(8),
        TypeTag::U128 => Shape::Fixed(16),
        TypeTag::U256 | TypeTag::Address => Shape::Fixed(32),
        TypeTag::Signer => return None,
        TypeTag::Vector(element) => Shape::Sequence {
            element,
            len_max: usize::MAX,
        },
        TypeTag::Struct(tag) => struct_shape(tag)?,
    })
}

fn struct_shape(tag: &StructTag) -> Option<Shape<'_>> {
    let standard = *tag.address() == Address::from_static("0x1");
    let framework = *tag.address() == Address::TWO;
    match (
        tag.module().as_str(),
        tag.name().as_str(),
        tag.type_params(),
    ) {
        ("object", "ID", []) if framework => Some(Shape::Fixed(32)),
        ("string", "String", []) if standard => Some(Shape::Utf8),
        ("ascii", "String", []) if standard => Some(Shape::Ascii),
        ("option", "Option", [element]) if standard => Some(Shape::Sequence {
            element,
            len_max: 1,
        }),
        _ => None,
    }
}

fn is_pure(tag: &TypeTag, depth: usize) -> bool {
    match shape(tag) {
        None => false,
        Some(Shape::Sequence { element, .. }) => depth > 0 && is_pure(element, depth - 1),
        Some(_) => true,
    }
}

/// What follows one value; `None` if there is no valid value. Recursion is bounded by the depth of
/// the type, loops by the bytes: every element has at least one.
fn skip<'b>(tag: &TypeTag, bytes: &'b [u8]) -> Option<&'b [u8]> {
    match shape(tag)? {
        Shape::Fixed(len) => bytes.get(len..),
        Shape::Bool => match bytes {
            [0 | 1, rest @ ..] => Some(rest),
            _ => None,
        },
        Shape::Utf8 => {
            let (text, rest) = prefixed(bytes)?;
            std::str::from_utf8(text).ok().map(|_| rest)
        }
        Shape::Ascii => {
            let (text, rest) = prefixed(bytes)?;
            text.is_ascii().then_some(rest)
        }
        Shape::Sequence { element, len_max } => {
            let (len, mut rest) = walk::length(bytes)?;
            if len > len_max {
                return None;
            }
            if let Shape::Fixed(size) = shape(element)? {
                return rest.get(len.checked_mul(size)?..);
            }
            for _ in 0..len {
                rest = skip(element, rest)?;
            }
            Some(rest)
        }
    }
}

fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = walk::length(bytes)?;
    rest.split_at_checked(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(tag: &str, bytes: &[u8]) -> Result<(), CommandArgumentError> {
        check(&crate::registry::Registry::parse_type(tag).unwrap(), bytes)
    }

    #[test]
    fn accepts_exactly_one_value() {
        assert_eq!(verdict("u64", &[0; 8]), Ok(()));
        assert_eq!(
            verdict("u64", &[0; 7]),
            Err(CommandArgumentError::InvalidBcsBytes)
        );
        assert_eq!(
            verdict("u64", &[0; 9]),
            Err(CommandArgumentError::InvalidBcsBytes)
        );
        assert_eq!(
            verdict("bool", &[2]),
            Err(CommandArgumentError::InvalidBcsBytes)
        );
        assert_eq!(verdict("std::option::Option<bool>", &[1, 1]), Ok(()));
        assert_eq!(
            verdict("std::option::Option<bool>", &[2, 1, 1]),
            Err(CommandArgumentError::InvalidBcsBytes)
        );
        assert_eq!(verdict("vector<vector<u8>>", &[2, 1, 7, 0]), Ok(()));
        assert_eq!(verdict("sui::object::ID", &[9; 32]), Ok(()));
    }

    #[test]
    fn strings_have_their_encoding() {
        assert_eq!(verdict("std::string::String", &[2, 0xc3, 0xa4]), Ok(()));
        assert_eq!(
            verdict("std::string::String", &[1, 0xff]),
            Err(CommandArgumentError::InvalidBcsBytes)
        );
        assert_eq!(
            verdict("std::ascii::String", &[2, 0xc3, 0xa4]),
            Err(CommandArgumentError::InvalidBcsBytes)
        );
    }

    #[test]
    fn lengths_are_canonical_and_never_trusted() {
        assert_eq!(
            verdict("vector<u8>", &[0x80, 0]),
            Err(CommandArgumentError::InvalidBcsBytes)
        );
        assert_eq!(
            verdict("vector<u256>", &[0xff, 0xff, 0xff, 0xff, 7]),
            Err(CommandArgumentError::InvalidBcsBytes)
        );
        assert_eq!(
            verdict("vector<u8>", &[0xff; 10]),
            Err(CommandArgumentError::InvalidBcsBytes)
        );
    }

    #[test]
    fn objects_and_other_structs_are_never_pure() {
        let refused = Err(CommandArgumentError::InvalidUsageOfPureArgument);
        assert_eq!(verdict("sui::coin::Coin<sui::sui::SUI>", &[0; 40]), refused);
        assert_eq!(
            verdict("vector<sui::balance::Balance<sui::sui::SUI>>", &[0]),
            refused
        );
    }
}
