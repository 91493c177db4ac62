//! How large bodies may be (`docs/spec/node-api.md` §1.4).

use floe_core::{Axis, CodeParams, SymbolSize, merkle};

/// Bytes of the body of a request to any route that has no limit of its own: 2 MiB.
pub const BODY_BYTES_MAX: usize = 2 << 20;
/// Bytes of a JSON answer that a client reads.
pub const JSON_BYTES_MAX: usize = 2 << 20;
/// Bytes of an error's body that a client reads.
pub const ERROR_BYTES_MAX: usize = 64 << 10;

/// Bytes around the symbols of a sliver, and then some.
const SLIVER_HEADROOM_BYTES: usize = 128;
/// Bytes of a Merkle node in a path.
const PROOF_NODE_BYTES: usize = 33;
/// Bytes of indices, tags and lengths around a symbol and its proof.
const SYMBOL_OVERHEAD_BYTES: usize = 16;

/// Bytes of the body of a sliver that a node accepts: the largest primary sliver there is.
pub fn sliver_body_bytes_max(params: CodeParams) -> usize {
    params.sliver_bytes(Axis::Primary, SymbolSize::MAX) + SLIVER_HEADROOM_BYTES
}

/// Bytes of a sliver of a certain blob in BCS, at most.
pub fn sliver_bytes(params: CodeParams, axis: Axis, symbol_size: SymbolSize) -> usize {
    params.sliver_bytes(axis, symbol_size) + SLIVER_HEADROOM_BYTES
}

/// Bytes of the metadata of a blob in BCS with its id, at most.
pub fn metadata_bytes_max(params: CodeParams) -> usize {
    const AROUND_HASHES: usize = 32 + 2 + 8 + 3;
    AROUND_HASHES + 2 * PROOF_NODE_BYTES * usize::from(params.n_shards())
}

/// Bytes of `symbols` symbols of a certain blob with their proofs, in BCS, at most.
pub fn recovery_symbols_bytes(
    params: CodeParams,
    symbol_size: SymbolSize,
    symbols: usize,
) -> usize {
    let path = merkle::max_path_len(params.n_shards().into());
    let symbol = symbol_size.as_usize() + PROOF_NODE_BYTES * path + SYMBOL_OVERHEAD_BYTES;
    symbol
        .saturating_mul(symbols)
        .saturating_add(SYMBOL_OVERHEAD_BYTES)
}

/// Bytes of `symbols` symbols of a certain blob without proofs, for `targets` slivers, in BCS, at
/// most.
pub fn decoding_symbols_bytes(symbol_size: SymbolSize, targets: usize, symbols: usize) -> usize {
    let symbol = symbol_size.as_usize() + SYMBOL_OVERHEAD_BYTES;
    let per_target = symbol
        .saturating_mul(symbols)
        .saturating_add(SYMBOL_OVERHEAD_BYTES);
    per_target
        .saturating_mul(targets)
        .saturating_add(SYMBOL_OVERHEAD_BYTES)
}

/// Bytes of the body of an inconsistency proof that a node accepts: that of the largest blob.
pub fn inconsistency_proof_bytes_max(params: CodeParams) -> usize {
    let symbols = usize::from(params.secondary_source_symbols());
    recovery_symbols_bytes(params, SymbolSize::MAX, symbols).max(BODY_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_live_network() {
        let params = CodeParams::for_encoding(1000).unwrap();
        assert_eq!(sliver_body_bytes_max(params), 667 * 65_534 + 128);
        assert_eq!(metadata_bytes_max(params), 32 + 66_012 + 1);
        assert!(inconsistency_proof_bytes_max(params) >= 667 * (65_534 + 33 * 10 + 16));
    }
}
