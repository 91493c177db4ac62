//! Answers that must be read.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http_body::{Body, Frame, SizeHint};

use super::Activity;

/// The body of an answer, which tells whether the peer reads it: it is polled when there is room
/// towards the peer, and only then.
#[derive(Debug)]
pub struct Answer<B> {
    body: B,
    activity: Activity,
    /// Its number among the answers of the connection that wait for the peer.
    unread: Option<u64>,
}

impl<B: Body> Answer<B> {
    pub(super) fn new(body: B, activity: &Activity) -> Self {
        let is_empty = body.is_end_stream();
        let mut answer = Self {
            body,
            activity: activity.clone(),
            unread: None,
        };
        if !is_empty {
            answer.next_part();
        }
        answer
    }
}

impl<B> Answer<B> {
    /// A part was taken, and the next one is to be.
    fn next_part(&mut self) {
        let now = self.activity.clock().monotonic();
        self.unread = Some(self.activity.usage().unread(self.unread, now));
    }

    /// There is nothing to read yet, or no more.
    fn nothing(&mut self) {
        if let Some(answer) = self.unread.take() {
            self.activity.usage().read(answer);
        }
    }
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(_))) => self.next_part(),
            Poll::Ready(_) | Poll::Pending => self.nothing(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Answer<B> {
    fn drop(&mut self) {
        self.nothing();
    }
}
