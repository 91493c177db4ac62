//! BLAKE2b with a 32-byte digest, the one hash function of the protocol.

/// The unkeyed BLAKE2b-256 digest of the concatenated `parts`.
pub fn blake2b256(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = params().to_state();
    for part in parts {
        state.update(part);
    }
    to_array(&state.finalize())
}

pub(crate) fn params() -> blake2b_simd::Params {
    let mut params = blake2b_simd::Params::new();
    params.hash_length(32);
    params
}

pub(crate) fn to_array(hash: &blake2b_simd::Hash) -> [u8; 32] {
    hash.as_bytes()
        .try_into()
        .expect("the hash length is set to 32")
}
