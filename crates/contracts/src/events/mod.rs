//! The contracts' events in the order of the chain, each of them proven.
//!
//! A checkpoint's summary is signed by a quorum of the chain's validators, names the summary before
//! it, and the list of its transactions with the digests of their effects; effects name the digest
//! of their events. [`Verifier`] walks that chain: whatever a node leaves out, adds, alters or
//! reorders is found. Validators of the first epoch come from the configuration
//! ([`Trust`](crate::Trust)), those of later epochs from the last checkpoint of the epoch before.
//!
//! A [`Position`] is all that has to be kept to go on after a restart. Nothing of this can be
//! switched off.

mod follower;
mod position;
#[cfg(test)]
mod tests;
mod verify;

pub use self::{
    follower::{EventFollower, FollowError},
    position::{EventCursor, Position, PositionError},
    verify::{
        CheckpointError, CheckpointFault, VerifiedCheckpoint, VerifiedEvent, Verifier, nth_event,
    },
};
