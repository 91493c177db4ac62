//! `walrus::encoding`: the encoding types (`docs/spec/contracts.md` §6).

use floe_core::EncodingType;

use super::redstuff;
use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "encoding");
const E_INVALID_ENCODING_TYPE: u64 = 0;

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[("encoded_blob_length", natives::encoded_blob_length)],
);

/// Bytes of storage a blob takes up.
///
/// # Errors
/// Aborts with `encoding` 0 for an unknown encoding; as [`redstuff::encoded_blob_length`].
pub fn encoded_blob_length(
    unencoded_length: u64,
    encoding_type: u8,
    n_shards: u16,
) -> Result<u64, Failure> {
    MODULE.ensure(
        EncodingType::try_from(encoding_type).is_ok(),
        "encoded_blob_length",
        E_INVALID_ENCODING_TYPE,
    )?;
    redstuff::encoded_blob_length(unencoded_length, n_shards)
}

mod natives {
    use super::{Call, Failure};

    pub(super) fn encoded_blob_length(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let args = &call.args;
        let length = super::encoded_blob_length(args.take(0)?, args.take(1)?, args.take(2)?)?;
        call.ret(length);
        Ok(())
    }
}
