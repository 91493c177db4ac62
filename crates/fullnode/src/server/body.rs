//! Request bodies that must arrive in time and be of a reasonable size.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use floe_env::BoxFuture;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;

/// Why a body was not read to its end. The peer's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum BodyError {
    #[error("the body did not arrive in time")]
    Late,
    #[error("the body is longer than {max_bytes} bytes")]
    TooLong { max_bytes: usize },
}

/// A body that fails after a deadline, or beyond a length.
pub(super) struct DeadlineBody {
    inner: Body,
    deadline: BoxFuture<'static, ()>,
    max_bytes: usize,
    seen_bytes: usize,
}

impl DeadlineBody {
    pub(super) fn new(inner: Incoming, deadline: BoxFuture<'static, ()>, max_bytes: usize) -> Self {
        Self {
            inner: Body::new(inner),
            deadline,
            max_bytes,
            seen_bytes: 0,
        }
    }
}

impl fmt::Debug for DeadlineBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadlineBody")
            .field("seen_bytes", &self.seen_bytes)
            .finish_non_exhaustive()
    }
}

impl http_body::Body for DeadlineBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let len = frame.data_ref().map_or(0, Bytes::len);
                self.seen_bytes = self.seen_bytes.saturating_add(len);
                let max_bytes = self.max_bytes;
                if self.seen_bytes > max_bytes {
                    let error = BodyError::TooLong { max_bytes };
                    return Poll::Ready(Some(Err(axum::Error::new(error))));
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Pending => match self.deadline.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err(axum::Error::new(BodyError::Late)))),
                Poll::Pending => Poll::Pending,
            },
            done => done,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
