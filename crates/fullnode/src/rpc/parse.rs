//! Addresses, digests, types and field masks as clients write them.

use sui_rpc::field::{FieldMask, FieldMaskTree, FieldMaskUtil, MessageFields};
use sui_sdk_types::{Address, Digest, Identifier, StructTag, TypeTag};

use super::{
    error::{RpcError, RpcResult},
    limits::Limits,
};

fn text<'t>(field: &str, value: Option<&'t str>, max: usize) -> RpcResult<&'t str> {
    let value = value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| RpcError::missing(field))?;
    check_length(field, value, max)?;
    Ok(value)
}

fn name<'t>(field: &str, value: Option<&'t str>) -> RpcResult<&'t str> {
    text(field, value, Limits::NAME_BYTES_MAX)
}

fn check_length(field: &str, value: &str, max: usize) -> RpcResult<()> {
    if value.len() > max {
        let reason = format_args!("{} bytes, at most {max}", value.len());
        return Err(RpcError::invalid(field, reason));
    }
    Ok(())
}

/// Bounds the length of names, addresses and digests that the library will read.
pub(crate) fn check_names<'t>(
    field: &str,
    values: impl IntoIterator<Item = &'t String>,
) -> RpcResult<()> {
    let mut values = values.into_iter();
    values.try_for_each(|value| check_length(field, value, Limits::NAME_BYTES_MAX))
}

/// Bounds the length of types that the library will read.
pub(crate) fn check_types<'t>(
    field: &str,
    values: impl IntoIterator<Item = &'t String>,
) -> RpcResult<()> {
    let mut values = values.into_iter();
    values.try_for_each(|value| check_length(field, value, Limits::TYPE_BYTES_MAX))
}

/// An address or object id, in short or long form.
pub(crate) fn address(field: &str, value: Option<&str>) -> RpcResult<Address> {
    name(field, value)?
        .parse()
        .map_err(|error| RpcError::invalid(field, error))
}

/// A digest in base58.
pub(crate) fn digest(field: &str, value: Option<&str>) -> RpcResult<Digest> {
    // Bounded in length also because base58 takes quadratic time.
    name(field, value)?
        .parse()
        .map_err(|error| RpcError::invalid(field, error))
}

/// A Move identifier.
pub(crate) fn identifier(field: &str, value: Option<&str>) -> RpcResult<Identifier> {
    Identifier::new(name(field, value)?).map_err(|error| RpcError::invalid(field, error))
}

/// A type; bounded in depth and size by the parser.
pub(crate) fn type_tag(field: &str, value: Option<&str>) -> RpcResult<TypeTag> {
    text(field, value, Limits::TYPE_BYTES_MAX)?
        .parse()
        .map_err(|error| RpcError::invalid(field, error))
}

/// A struct type.
pub(crate) fn struct_tag(field: &str, value: Option<&str>) -> RpcResult<StructTag> {
    text(field, value, Limits::TYPE_BYTES_MAX)?
        .parse()
        .map_err(|error| RpcError::invalid(field, error))
}

/// A field mask for the message `M`, or the default one.
pub(crate) fn mask<M: MessageFields>(
    mask: Option<&FieldMask>,
    default: &str,
) -> RpcResult<FieldMaskTree> {
    const FIELD: &str = "read_mask";
    let Some(mask) = mask else {
        return Ok(FieldMask::from_str(default).into());
    };
    if mask.paths.len() > Limits::MASK_PATHS_MAX
        || mask
            .paths
            .iter()
            .any(|path| path.len() > Limits::MASK_PATH_BYTES_MAX)
    {
        return Err(RpcError::invalid(FIELD, "too many or too long paths"));
    }
    // The library takes a path that ends in a dot for one without it.
    let open_ended = mask.paths.iter().find(|path| path.ends_with('.'));
    open_ended
        .map_or_else(|| mask.validate::<M>(), |path| Err(path.as_str()))
        .map_err(|path| RpcError::invalid(FIELD, format_args!("no field {path:?}")))?;
    Ok(FieldMaskTree::from_field_mask(mask))
}

/// Entries of a page: the default, or what was asked for up to the maximum.
pub(crate) fn page_size(asked: Option<u32>) -> usize {
    asked
        .filter(|asked| *asked > 0)
        .and_then(|asked| usize::try_from(asked).ok())
        .map_or(Limits::PAGE_DEFAULT, |asked| asked.min(Limits::PAGE_MAX))
}

#[cfg(test)]
mod tests {
    use sui_rpc::proto::sui::rpc::v2 as proto;

    use super::*;

    #[test]
    fn both_forms_of_addresses_are_read() {
        let short = address("owner", Some("0x2")).unwrap();
        assert_eq!(
            short,
            address("owner", Some(&Address::TWO.to_string())).unwrap()
        );
        for bad in ["", "0x", "0xg", "nobody", &"0".repeat(65)] {
            assert!(address("owner", Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn masks_are_checked_against_the_message() {
        let ok = FieldMask::from_str("object_id,owner.kind,json");
        assert!(mask::<proto::Object>(Some(&ok), "object_id").is_ok());
        let all = FieldMask::from_str("*");
        assert!(mask::<proto::Object>(Some(&all), "object_id").is_ok());
        for bad in [
            "nothing",
            "object_id.more",
            "a..b",
            "owner.",
            "owner..kind",
            "owner.kind.",
            "object_id.",
            ".owner",
            ".",
            "*.",
        ] {
            let bad = FieldMask::from_str(bad);
            let result = mask::<proto::Object>(Some(&bad), "object_id");
            assert!(result.is_err(), "{bad:?}");
        }
        let deep = FieldMask::from_str(&"owner.".repeat(1000));
        assert!(mask::<proto::Object>(Some(&deep), "object_id").is_err());
    }

    #[test]
    fn names_are_as_long_as_the_chain_takes_them() {
        assert!(identifier("name", Some(&"a".repeat(128))).is_ok());
        assert!(identifier("name", Some(&"a".repeat(129))).is_err());
        let longest = format!("{}::{}::{}", Address::TWO, "a".repeat(128), "b".repeat(128));
        assert!(type_tag("type", Some(&longest)).is_ok());
        assert!(type_tag("type", Some(&"a".repeat(8193))).is_err());
    }

    #[test]
    fn hostile_digests_are_refused_early() {
        assert!(digest("digest", Some(&"z".repeat(100_000))).is_err());
        assert!(digest("digest", Some("0OIl")).is_err());
    }
}
