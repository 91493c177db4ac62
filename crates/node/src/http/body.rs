//! Bodies, of which only so many bytes are in memory at once.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use floe_api::ApiError;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;

use crate::room::{Parcel, Room};
use crate::shared::Shared;

/// Bytes handed to a connection at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is longer than the route takes.
    TooLong,
    /// It ended early, or did not come in time.
    Broken,
    /// There is no room for it now.
    NoRoom(ApiError),
}

/// Reads a body of at most `max` bytes. Room for it, and for what is decoded from it, is taken before
/// the first byte is read; a body that trickles in gives it up.
pub(crate) async fn read(
    shared: &Arc<Shared>,
    headers: &HeaderMap,
    body: Body,
    max: usize,
) -> Result<(Bytes, Room), BodyError> {
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let expected = announced.unwrap_or(max);
    if expected > max {
        return Err(BodyError::TooLong);
    }
    let room = shared.room(expected.saturating_mul(2)).await;
    let room = room.map_err(BodyError::NoRoom)?;
    let limit = shared.options.limits.body_time(expected);
    let bytes = collect(body, announced.unwrap_or_default(), max);
    let bytes = shared.env.clock.timeout(limit, bytes).await;
    let bytes = bytes.unwrap_or(Err(BodyError::Broken))?;
    shared.metrics.received.inc_by(bytes.len() as u64);
    Ok((bytes, room))
}

async fn collect(mut body: Body, expected: usize, max: usize) -> Result<Bytes, BodyError> {
    let mut bytes = BytesMut::with_capacity(expected);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyError::Broken)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > max {
            return Err(BodyError::TooLong);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// A body that gives its room back when it has been sent.
#[derive(Debug)]
pub(crate) struct Sending(pub(crate) Parcel);

impl http_body::Body for Sending {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let bytes = &mut self.0.bytes;
        if bytes.is_empty() {
            return Poll::Ready(None);
        }
        let len = bytes.len().min(CHUNK_BYTES);
        let chunk = bytes.split_to(len);
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.bytes.len() as u64)
    }
}
