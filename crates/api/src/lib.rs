//! The HTTP API of a storage node: routes, queries, bodies, envelopes and errors, exactly as the
//! network has them (`docs/spec/node-api.md`). Data only; servers and clients do the I/O.
//!
//! Requests go to a path of [`route`] with one of the queries of [`query`]. Bodies are BCS
//! ([`floe_core::wire`]) or JSON in an [`envelope`](Success); errors are an [`ApiError`] that has
//! one of the stable [`Reason`]s.

mod answer;
mod envelope;
mod error;
mod health;
pub mod limits;
pub mod query;
mod reason;
pub mod route;
mod status;

pub use self::{
    answer::{ConfirmationAnswer, DecodingSymbols, Stored, UploadOutcome, UploadedPart},
    envelope::{EnvelopeError, MEDIA_BCS, MEDIA_JSON, Success, media_type_is},
    error::{ApiError, Detail, ErrorBodyError},
    health::{
        EventProgress, Health, OwnedShardStatus, ShardDetail, ShardHealth, ShardState, ShardSummary,
    },
    reason::{Domain, Reason, Status},
    route::{Method, Route},
    status::{BlobStatus, DeletableCounts},
};
