//! The slot.

use std::{any::Any, cell::RefCell, fmt, rc::Rc, sync::Arc};

use floe_core::ObjectId;
use serde::{Serialize, de::DeserializeOwned};

use super::Lease;
use crate::error::Failure;

/// A Rust value with the BCS of a Move value. Implemented by everything serializable.
pub trait MoveValue: Any + Send + Sync {
    /// Its BCS.
    ///
    /// # Errors
    /// The serializer's; only for sequences beyond BCS limits.
    fn encode(&self) -> Result<Vec<u8>, bcs::Error>;
}

impl<T: Serialize + Any + Send + Sync> MoveValue for T {
    fn encode(&self) -> Result<Vec<u8>, bcs::Error> {
        bcs::to_bytes(self)
    }
}

/// A value in its Rust form.
pub(crate) type Parsed = Arc<dyn MoveValue>;

/// One Move value with one owner. Clones of the handle name the same value.
#[derive(Clone)]
pub struct Slot(Rc<RefCell<State>>);

struct State {
    content: Content,
    written: bool,
}

enum Content {
    Bytes(Vec<u8>),
    /// Parsed; `bytes` is kept while it is still the encoding of `value`.
    Parsed {
        value: Parsed,
        bytes: Option<Vec<u8>>,
    },
    /// A [`Lease`] holds the value.
    Leased,
    /// The value moved out.
    Moved,
}

impl Slot {
    /// A slot of encoded bytes, which the caller knows to be valid for the value's type.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self::with(Content::Bytes(bytes))
    }

    /// A slot of a Rust value.
    pub fn new<T: MoveValue>(value: T) -> Self {
        Self::with(Content::Parsed {
            value: Arc::new(value),
            bytes: None,
        })
    }

    /// A slot of bytes that may have been parsed before.
    pub(crate) fn stored(bytes: Vec<u8>, parsed: Option<Parsed>) -> Self {
        Self::with(match parsed {
            Some(value) => Content::Parsed {
                value,
                bytes: Some(bytes),
            },
            None => Content::Bytes(bytes),
        })
    }

    fn with(content: Content) -> Self {
        Self(Rc::new(RefCell::new(State {
            content,
            written: false,
        })))
    }

    /// The value, shared and unchanging.
    ///
    /// # Errors
    /// [`Failure::Invariant`] if the value is leased or moved, or its bytes are not a `T`.
    pub fn read<T: MoveValue + DeserializeOwned>(&self) -> Result<Arc<T>, Failure> {
        let mut state = self.0.borrow_mut();
        let (bytes, value) = match std::mem::replace(&mut state.content, Content::Moved) {
            Content::Bytes(bytes) => {
                let value = Arc::new(parse::<T>(&bytes)?);
                (Some(bytes), value)
            }
            Content::Parsed { value, bytes } => match downcast::<T>(&value) {
                Some(parsed) => (bytes, parsed),
                // Parsed as another Rust type before: go back through the bytes.
                None => {
                    let bytes = bytes.map_or_else(|| encode(&*value), Ok)?;
                    let value = Arc::new(parse::<T>(&bytes)?);
                    (Some(bytes), value)
                }
            },
            content => {
                state.content = content;
                return Err(Failure::invariant(
                    "read of a value that is leased or moved",
                ));
            }
        };
        state.content = Content::Parsed {
            value: Arc::clone(&value) as Parsed,
            bytes,
        };
        Ok(value)
    }

    /// The value for changing. Until the lease is dropped nobody else reaches it.
    ///
    /// # Errors
    /// As [`Slot::read`].
    pub fn update<T: MoveValue + DeserializeOwned + Clone>(&self) -> Result<Lease<T>, Failure> {
        let value = self.read::<T>()?;
        let content = std::mem::replace(&mut self.0.borrow_mut().content, Content::Leased);
        let bytes = match content {
            Content::Parsed { bytes, .. } => bytes,
            _ => None,
        };
        Ok(Lease::new(self.clone(), value, bytes))
    }

    /// Moves the value out; the slot is empty afterwards.
    ///
    /// # Errors
    /// As [`Slot::read`].
    pub fn take<T: MoveValue + DeserializeOwned + Clone>(&self) -> Result<T, Failure> {
        let value = self.read::<T>()?;
        self.0.borrow_mut().content = Content::Moved;
        Ok(Arc::unwrap_or_clone(value))
    }

    /// Moves the value, whatever its type, to a new slot that counts as written; this one is empty
    /// afterwards.
    ///
    /// # Errors
    /// [`Failure::Invariant`] if the value is leased or moved.
    pub fn move_out(&self) -> Result<Self, Failure> {
        let mut state = self.0.borrow_mut();
        match std::mem::replace(&mut state.content, Content::Moved) {
            content @ (Content::Bytes(_) | Content::Parsed { .. }) => Ok(Self::with(content)),
            content => {
                state.content = content;
                Err(Failure::invariant(
                    "move of a value that is leased or moved",
                ))
            }
        }
    }

    /// The value's BCS.
    ///
    /// # Errors
    /// [`Failure::Invariant`] if the value is leased, moved, or too large for BCS.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Failure> {
        self.with_bytes(<[u8]>::to_vec)
    }

    /// The id of the object that lies here: the first 32 bytes of its BCS.
    ///
    /// # Errors
    /// [`Failure::Invariant`] if the value is no object.
    pub fn object_id(&self) -> Result<ObjectId, Failure> {
        self.with_bytes(|bytes| bytes.first_chunk().map(|id| ObjectId(*id)))?
            .ok_or_else(|| Failure::invariant("a value without an id is used as an object"))
    }

    /// Bytes of the value's BCS.
    ///
    /// # Errors
    /// As [`Slot::to_bytes`].
    pub fn encoded_len(&self) -> Result<usize, Failure> {
        self.with_bytes(<[u8]>::len)
    }

    /// Looks at the encoding; it is kept, for a value is stored as it is more often than not.
    fn with_bytes<R>(&self, look: impl FnOnce(&[u8]) -> R) -> Result<R, Failure> {
        let mut state = self.0.borrow_mut();
        match &mut state.content {
            Content::Bytes(bytes) => Ok(look(bytes)),
            Content::Parsed { value, bytes } => match bytes {
                Some(bytes) => Ok(look(bytes)),
                None => Ok(look(bytes.insert(encode(&**value)?))),
            },
            Content::Leased | Content::Moved => Err(Failure::invariant(
                "encoding of a value that is leased or moved",
            )),
        }
    }

    /// Replaces the value, whatever its type.
    ///
    /// # Errors
    /// [`Failure::Invariant`] if the value is leased or moved.
    pub fn replace_bytes(&self, bytes: Vec<u8>) -> Result<(), Failure> {
        let mut state = self.0.borrow_mut();
        if matches!(state.content, Content::Leased | Content::Moved) {
            return Err(Failure::invariant(
                "write to a value that is leased or moved",
            ));
        }
        state.content = Content::Bytes(bytes);
        state.written = true;
        Ok(())
    }

    /// Moves the value out as BCS, and parsed if it is.
    ///
    /// # Errors
    /// As [`Slot::to_bytes`].
    pub(crate) fn take_stored(&self) -> Result<(Vec<u8>, Option<Parsed>), Failure> {
        let parsed = match &self.0.borrow().content {
            Content::Parsed { value, .. } => Some(Arc::clone(value)),
            _ => None,
        };
        Ok((self.take_bytes()?, parsed))
    }

    /// Moves the value out as BCS.
    ///
    /// # Errors
    /// As [`Slot::to_bytes`].
    pub fn take_bytes(&self) -> Result<Vec<u8>, Failure> {
        let mut state = self.0.borrow_mut();
        match std::mem::replace(&mut state.content, Content::Moved) {
            Content::Bytes(bytes)
            | Content::Parsed {
                bytes: Some(bytes), ..
            } => Ok(bytes),
            Content::Parsed { value, bytes: None } => encode(&*value),
            content => {
                state.content = content;
                Err(Failure::invariant(
                    "encoding of a value that is leased or moved",
                ))
            }
        }
    }

    /// A new slot with an equal value, for types that can be copied.
    ///
    /// # Errors
    /// As [`Slot::to_bytes`].
    pub fn copy(&self) -> Result<Self, Failure> {
        self.to_bytes().map(Self::from_bytes)
    }

    /// Whether a value lies here.
    pub fn is_filled(&self) -> bool {
        matches!(
            self.0.borrow().content,
            Content::Bytes(_) | Content::Parsed { .. }
        )
    }

    /// Whether the value was written to since it came here.
    pub fn is_written(&self) -> bool {
        self.0.borrow().written
    }

    /// Ends a lease; `bytes` are still the encoding if there are any.
    pub(super) fn put_back(&self, value: Parsed, bytes: Option<Vec<u8>>, written: bool) {
        let mut state = self.0.borrow_mut();
        state.content = Content::Parsed { value, bytes };
        state.written |= written;
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.borrow();
        let content = match &state.content {
            Content::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Content::Parsed { .. } => "parsed".to_owned(),
            Content::Leased => "leased".to_owned(),
            Content::Moved => "moved".to_owned(),
        };
        f.debug_struct("Slot")
            .field("content", &content)
            .field("written", &state.written)
            .finish()
    }
}

fn downcast<T: MoveValue>(value: &Parsed) -> Option<Arc<T>> {
    let any: Arc<dyn Any + Send + Sync> = Arc::clone(value) as _;
    any.downcast().ok()
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    bcs::from_bytes(bytes).map_err(|error| {
        Failure::invariant(format!(
            "value is not a {}: {error}",
            std::any::type_name::<T>()
        ))
    })
}

fn encode(value: &dyn MoveValue) -> Result<Vec<u8>, Failure> {
    value
        .encode()
        .map_err(|error| Failure::invariant(format!("value without BCS: {error}")))
}
