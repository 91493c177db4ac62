//! Which calls are worked on, and what waits.
//!
//! A call takes a place among all calls only once it has come in whole, and gives it back once its
//! answer is rendered: no peer can keep a place by being slow. What is slow then costs bytes, which
//! are counted for each connection ([`Held`]), as are the places that it may take at
//! once. Who gets no place for [`Limits::CALL_WAIT`] is told so.
//!
//! Calls with a stream of answers go on for as long as the peer reads. They have places of their own,
//! for each method; subscriptions are bounded in [`super::subscribe`] too.

use std::{collections::BTreeMap, pin::Pin, sync::Arc, task::Poll};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use floe_env::places::Busy;
use http::HeaderMap;
use http_body::Frame;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Code, Status};

use super::{error::RpcError, limits::Limits};
use crate::server::{Connection, Held};

/// Bytes before a message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

/// The places for calls.
#[derive(Debug)]
pub(crate) struct Admission {
    calls: Arc<Semaphore>,
    /// By path.
    streams: BTreeMap<String, Streams>,
}

/// Places of a method with a stream of answers.
#[derive(Debug)]
struct Streams {
    places: Arc<Semaphore>,
    /// Whether requests are a stream too.
    both_ways: bool,
}

/// A place among those of the connection, and one among all.
type Place = [OwnedSemaphorePermit; 2];

impl Admission {
    /// Admission to the services of these file descriptor sets.
    pub(crate) fn new(descriptors: &[&[u8]]) -> Self {
        let mut streams = BTreeMap::new();
        let sets = descriptors
            .iter()
            .filter_map(|bytes| FileDescriptorSet::decode(*bytes).ok());
        for file in sets.flat_map(|set| set.file) {
            for service in &file.service {
                for method in service
                    .method
                    .iter()
                    .filter(|method| method.server_streaming())
                {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    let method = Streams {
                        places: Arc::new(Semaphore::new(Limits::STREAMS_MAX)),
                        both_ways: method.client_streaming(),
                    };
                    streams.insert(path, method);
                }
            }
        }
        Self {
            calls: Arc::new(Semaphore::new(Limits::CALLS_MAX)),
            streams,
        }
    }
}

/// Answers a call when there is a place for it.
pub(crate) async fn admit(
    State(admission): State<Arc<Admission>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(connection) = request.extensions().get::<Connection>().cloned() else {
        let error = RpcError::internal(&"the router is not behind a server of this crate");
        return Status::from(error).into_http();
    };
    let answered = match admission.streams.get(request.uri().path()) {
        Some(streams) => stream(streams, &connection, request, next).await,
        None => call(&admission, &connection, request, next).await,
    };
    answered.unwrap_or_else(|error| Status::from(error).into_http())
}

async fn call(
    admission: &Admission,
    connection: &Connection,
    request: Request,
    next: Next,
) -> Result<Response, RpcError> {
    let (request, _held) = whole(request, connection).await?;
    let _busy = connection.activity.working();
    let _place = place(connection, &connection.calls, &admission.calls).await?;
    let response = next.run(request).await;
    let (parts, body) = response.into_parts();
    let body = rendered(body, connection).await?;
    Ok(Response::from_parts(parts, body))
}

async fn stream(
    streams: &Streams,
    connection: &Connection,
    request: Request,
    next: Next,
) -> Result<Response, RpcError> {
    let (request, _held) = if streams.both_ways {
        (request, Held::new(&connection.account))
    } else {
        whole(request, connection).await?
    };
    let place = place(connection, &connection.streams, &streams.places).await?;
    let busy = connection.activity.streaming();
    let response = next.run(request).await;
    Ok(response.map(|inner| {
        Body::new(Streaming {
            inner,
            _busy: busy,
            _place: place,
        })
    }))
}

async fn place(
    connection: &Connection,
    own: &Arc<Semaphore>,
    all: &Arc<Semaphore>,
) -> Result<Place, RpcError> {
    let places = async {
        let own = Arc::clone(own).acquire_owned().await;
        let all = Arc::clone(all).acquire_owned().await;
        own.and_then(|own| Ok([own, all?]))
    };
    let wait = Limits::CALL_WAIT;
    match connection.activity.clock().timeout(wait, places).await {
        Ok(Ok(place)) => Ok(place),
        // Nobody closes the semaphores.
        Ok(Err(closed)) => Err(RpcError::internal(&closed)),
        Err(_) => Err(RpcError::new(
            Code::ResourceExhausted,
            format!("other calls took all places for {wait:?}: try again later"),
        )),
    }
}

async fn next_frame(body: &mut Body) -> Option<Result<Frame<Bytes>, axum::Error>> {
    std::future::poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut *body), cx)).await
}

/// Waits until a request is there to its end.
async fn whole(request: Request, connection: &Connection) -> Result<(Request, Held), RpcError> {
    const MAX: usize = PREFIX_BYTES + Limits::REQUEST_BYTES_MAX;
    let (parts, mut body) = request.into_parts();
    let mut held = Held::new(&connection.account);
    let mut bytes = Vec::new();
    while let Some(frame) = next_frame(&mut body).await {
        // The server's bodies fail when they are late, those of gRPC-web when they are not base64.
        let frame = frame.map_err(|error| {
            let error = Status::from_error(error.into_inner());
            let reason = format!("the request did not come whole: {}", error.message());
            RpcError::new(Code::InvalidArgument, reason)
        })?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        if bytes.len() + data.len() > MAX {
            let max = Limits::REQUEST_BYTES_MAX;
            let reason = format!("the request is longer than {max} bytes");
            return Err(RpcError::new(Code::OutOfRange, reason));
        }
        held.add(data.len()).map_err(exhausted)?;
        bytes.extend_from_slice(data);
    }
    Ok((Request::from_parts(parts, Body::from(bytes)), held))
}

/// Renders an answer to its end.
async fn rendered(mut body: Body, connection: &Connection) -> Result<Body, RpcError> {
    let mut answer = Rendered {
        data: Vec::new(),
        trailers: None,
        held: Held::new(&connection.account),
    };
    if http_body::Body::is_end_stream(&body) {
        return Ok(body);
    }
    while let Some(frame) = next_frame(&mut body).await {
        match frame
            .map_err(|error| RpcError::internal(&error))?
            .into_data()
        {
            Ok(data) => {
                answer.held.add(data.len()).map_err(exhausted)?;
                answer.data.push(data);
            }
            Err(frame) => answer.trailers = frame.into_trailers().ok(),
        }
    }
    answer.data.reverse();
    Ok(Body::new(answer))
}

fn exhausted(full: impl std::fmt::Display) -> RpcError {
    RpcError::new(Code::ResourceExhausted, full.to_string())
}

/// An answer that waits to be read, and is counted until then.
struct Rendered {
    /// Last first.
    data: Vec<Bytes>,
    trailers: Option<HeaderMap>,
    held: Held,
}

impl http_body::Body for Rendered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = match self.data.pop() {
            // In parts: what the layer below takes on is out of our sight.
            Some(mut data) if data.len() > Limits::PART_BYTES => {
                let part = data.split_to(Limits::PART_BYTES);
                self.data.push(data);
                Some(Frame::data(part))
            }
            Some(data) => Some(Frame::data(data)),
            None => self.trailers.take().map(Frame::trailers),
        };
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_empty() && self.trailers.is_none()
    }
}

/// A stream of answers that keeps its place.
struct Streaming {
    inner: Body,
    _busy: Busy,
    _place: Place,
}

impl http_body::Body for Streaming {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        http_body::Body::poll_frame(Pin::new(&mut self.inner), cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_with_streams_are_known() {
        let admission = Admission::new(&super::super::DESCRIPTORS);
        let both_ways = |path: &str| admission.streams.get(path).map(|streams| streams.both_ways);
        for path in [
            "/sui.rpc.v2.LedgerService/ListEvents",
            "/sui.rpc.v2.SubscriptionService/SubscribeCheckpoints",
            "/grpc.health.v1.Health/Watch",
        ] {
            assert_eq!(both_ways(path), Some(false), "{path}");
        }
        let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
        assert_eq!(both_ways(reflection), Some(true));
        assert_eq!(both_ways("/sui.rpc.v2.LedgerService/GetObject"), None);
    }
}
