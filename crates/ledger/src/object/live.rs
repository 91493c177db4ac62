//! A live object with what is known about it.

use std::{fmt, ops::Deref};

use sui_sdk_types::{Digest, Object};

use crate::value::{Parsed, Slot};

/// Contents from this size on keep their parsed value between transactions.
const PARSED_BYTES_MIN: usize = 2048;

/// An object with its digest, which is computed once per version.
///
/// Large contents that a transaction just wrote also remember their parsed value, so that the next
/// transaction on a hot object (the system state, a storage pool) does not parse again. That is a
/// cache: objects with and without it are equal.
#[derive(Clone)]
pub struct LiveObject {
    object: Object,
    digest: Digest,
    parsed: Option<Parsed>,
}

impl LiveObject {
    /// Computes the digest.
    pub fn new(object: Object) -> Self {
        let digest = object.digest();
        Self {
            object,
            digest,
            parsed: None,
        }
    }

    /// With a digest that was computed before, such as one kept in a store.
    pub fn with_digest(object: Object, digest: Digest) -> Self {
        Self {
            object,
            digest,
            parsed: None,
        }
    }

    pub(crate) fn with_parsed(object: Object, parsed: Option<Parsed>) -> Self {
        let len = object
            .as_struct()
            .map_or(0, |content| content.contents().len());
        Self {
            parsed: parsed.filter(|_| len >= PARSED_BYTES_MIN),
            ..Self::new(object)
        }
    }

    /// The digest of this version.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The object itself.
    pub const fn object(&self) -> &Object {
        &self.object
    }

    pub(crate) const fn parsed(&self) -> Option<&Parsed> {
        self.parsed.as_ref()
    }

    /// A slot with the value that takes up `bytes` of the contents: all of an object, or what lies
    /// behind id and name in a dynamic field.
    pub(crate) fn slot(&self, bytes: &[u8]) -> Slot {
        Slot::stored(bytes.to_vec(), self.parsed.clone())
    }
}

impl Deref for LiveObject {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.object
    }
}

impl PartialEq for LiveObject {
    fn eq(&self, other: &Self) -> bool {
        self.object == other.object
    }
}

impl Eq for LiveObject {}

impl fmt::Debug for LiveObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.fmt(f)
    }
}
