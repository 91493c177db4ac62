//! Page tokens: where the next page starts, bound to the query that made them.
//!
//! | bytes | content |
//! |---|---|
//! | 1 | version, 1 |
//! | 8 | first bytes of H("floe page::" ‖ chain id ‖ length of the query ‖ query ‖ position) |
//! | n | position, as the store understands it |
//!
//! A token grants nothing: a forged position only starts somewhere else in what the caller may
//! read anyway. The check finds tokens of other queries, of other chains, and garbage.

use sui_sdk_types::{Digest, hash::Hasher};

use super::{
    error::{RpcError, RpcResult},
    limits::Limits,
};

const VERSION: u8 = 1;
const CHECK_BYTES: usize = 8;

/// A query whose answer has pages: its method and all parameters but size and token.
#[derive(Clone, Debug)]
pub(crate) struct PageScope {
    chain: Digest,
    query: Vec<u8>,
}

impl PageScope {
    /// The query `method(parameters)`.
    pub(crate) fn new(chain: Digest, method: &str, parameters: &[&str]) -> Self {
        let mut query = method.as_bytes().to_vec();
        for parameter in parameters {
            query.push(0);
            query.extend_from_slice(parameter.as_bytes());
        }
        Self { chain, query }
    }

    /// The token that continues at `position`.
    pub(crate) fn token(&self, position: &[u8]) -> Vec<u8> {
        let mut token = vec![VERSION];
        token.extend(self.check(position));
        token.extend_from_slice(position);
        token
    }

    /// The position in a token of this query.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for anything else.
    pub(crate) fn position(&self, field: &str, token: &[u8]) -> RpcResult<Vec<u8>> {
        let invalid = || RpcError::invalid(field, "not a token of this query");
        if token.len() > Limits::TOKEN_BYTES_MAX {
            return Err(invalid());
        }
        let rest = token.strip_prefix(&[VERSION]).ok_or_else(invalid)?;
        let (check, position) = rest
            .split_first_chunk::<CHECK_BYTES>()
            .ok_or_else(invalid)?;
        if *check != self.check(position) {
            return Err(invalid());
        }
        Ok(position.to_vec())
    }

    fn check(&self, position: &[u8]) -> [u8; CHECK_BYTES] {
        let mut hasher = Hasher::new();
        hasher.update("floe page::");
        hasher.update(self.chain.inner());
        hasher.update(self.query.len().to_le_bytes());
        hasher.update(&self.query);
        hasher.update(position);
        let digest = hasher.finalize().into_inner();
        *digest
            .first_chunk()
            .expect("a digest is longer than the check")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_good_for_their_own_query_alone() {
        let scope = PageScope::new(Digest::ZERO, "ListOwnedObjects", &["0x1", ""]);
        let token = scope.token(b"here");
        assert_eq!(scope.position("page_token", &token).unwrap(), b"here");

        let others = [
            PageScope::new(Digest::ZERO, "ListOwnedObjects", &["0x2", ""]),
            PageScope::new(Digest::ZERO, "ListBalances", &["0x1", ""]),
            PageScope::new(Digest::new([1; 32]), "ListOwnedObjects", &["0x1", ""]),
        ];
        for other in others {
            assert!(other.position("page_token", &token).is_err());
        }
    }

    #[test]
    fn garbage_and_changed_tokens_are_refused() {
        let scope = PageScope::new(Digest::ZERO, "ListBalances", &["0x1"]);
        let token = scope.token(b"position");
        for at in 0..token.len() {
            let mut changed = token.clone();
            changed[at] ^= 1;
            assert!(scope.position("page_token", &changed).is_err());
            assert!(scope.position("page_token", &token[..at]).is_err());
        }
        let huge = vec![VERSION; Limits::TOKEN_BYTES_MAX + 1];
        assert!(scope.position("page_token", &huge).is_err());
    }
}
