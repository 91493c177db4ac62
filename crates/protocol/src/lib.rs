//! The protocols between clients and storage nodes, and among nodes, as machines without I/O.
//!
//! A machine owns what is known so far. It is told what happened and *when*, and asked what to do:
//! `poll` hands out actions until there are none, `next_deadline` says when to ask again even if
//! nothing happens. It never sleeps, spawns, reads a clock or draws entropy, so that the same events
//! at the same times give the same actions.
//!
//! - [`Survey`] asks all nodes the same and finds out what enough of them say: whether they are
//!   there at all, and the status of a blob.
//! - [`Upload`] brings a blob to a committee and collects its certificate.
//! - [`MetadataFetch`] finds a blob's metadata, [`SliverFetch`] enough slivers to decode it, and
//!   [`RangeFetch`] certain slivers only.
//! - [`Recovery`] collects symbols that recover slivers a node has missed.
//!
//! All of them beat silence by asking others, not by giving up early: a request that shows no sign of
//! life is *overdue* and a substitute is sent, but its answer still counts when it comes.

mod failure;
mod fetch;
mod survey;
mod ticket;
mod time;
mod upload;

pub use self::{
    failure::{Failure, Fault, NodeFailure},
    fetch::{
        FetchError, FetchOptions, MetadataFetch, RangeAction, RangeError, RangeFetch, Recovery,
        RecoveryAction, RecoveryError, SliverFetch, SliverRequest, SymbolRequest,
    },
    survey::{Survey, SurveyError, SurveyOptions},
    ticket::Ticket,
    time::Timestamp,
    upload::{Upload, UploadAction, UploadError, UploadOptions, UploadPhase, Uploaded},
};
