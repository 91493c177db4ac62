//! Sums over the whole state, for checks of conservation.

use sui_sdk_types::{Object, StructTag, TypeTag};

use crate::{error::Failure, modules::generic_tag, value::walk};

/// All units of a token in the given objects: in coins, balances and whatever holds them. With all
/// live objects this is the token's supply (for SUI: less what lies in storage rebates and fees).
///
/// # Errors
/// [`Failure::Invariant`] if an object's contents do not fit its type, which makes this a check of
/// every layout, too.
pub fn token_total<'o>(
    objects: impl IntoIterator<Item = &'o Object>,
    token: &TypeTag,
) -> Result<u128, Failure> {
    let balance = generic_tag("sui", "balance", "Balance", vec![token.clone()]);
    let mut total = 0_u128;
    let mut see = |tag: &StructTag, bytes: &[u8]| {
        if matches!(&balance, TypeTag::Struct(balance) if **balance == *tag) {
            let amount = bytes
                .first_chunk()
                .map_or(0, |amount| u64::from_le_bytes(*amount));
            total = total.saturating_add(u128::from(amount));
        }
    };
    for object in objects {
        let Some(content) = object.as_struct() else {
            continue;
        };
        let tag = content.object_type().clone().into();
        if walk::visit(&tag, content.contents(), &mut see) != Some(&[]) {
            let (id, tag) = (object.object_id(), content.object_type());
            return Err(Failure::invariant(format!(
                "contents of object {id} are no {tag}"
            )));
        }
    }
    Ok(total)
}
