//! A node that lies: a proxy in front of a real one that falsifies what it serves.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use floe_env::{Connector, Listener, Net, Rng, Stream};
use http::{Method, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

/// Bytes of a body that a liar reads to falsify it.
const BODY_BYTES_MAX: usize = 64 << 20;

/// Lies to whoever connects to `listener` about what the node at port `node` of this host says: half of
/// the answers that have a body come with one byte changed, a few not at all.
///
/// # Errors
/// If the listener breaks.
pub async fn serve(
    listener: Listener,
    node: u16,
    net: Arc<dyn Net>,
    rng: Arc<dyn Rng>,
) -> io::Result<()> {
    let client = Client::builder(TokioExecutor::new()).build(Connector::new(net));
    let liar = Arc::new(Liar { client, node, rng });
    let routes = Router::new().fallback(lie).with_state(liar);
    axum::serve(Incoming(listener), routes).await
}

struct Liar {
    client: Client<Connector, Body>,
    node: u16,
    rng: Arc<dyn Rng>,
}

async fn lie(State(liar): State<Arc<Liar>>, mut request: Request) -> Response {
    let reads = request.method() == Method::GET;
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let Ok(uri) = format!("http://127.0.0.1:{}{path}", liar.node).parse::<Uri>() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = uri;
    let Ok(answer) = liar.client.request(request).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let (mut head, body) = answer.into_parts();
    let limited = http_body_util::Limited::new(body, BODY_BYTES_MAX);
    let Ok(body) = limited.collect().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let mut bytes = body.to_bytes().to_vec();
    if reads {
        match liar.rng.u64() % 8 {
            0 => return StatusCode::NOT_FOUND.into_response(),
            1..=4 => falsify(&mut bytes, liar.rng.as_ref()),
            _ => {}
        }
    }
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::TRANSFER_ENCODING);
    Response::from_parts(head, Body::from(bytes))
}

fn falsify(bytes: &mut [u8], rng: &dyn Rng) {
    let Ok(len) = u64::try_from(bytes.len()) else {
        return;
    };
    let at = rng.u64().checked_rem(len).unwrap_or(0);
    if let Some(byte) = usize::try_from(at).ok().and_then(|at| bytes.get_mut(at)) {
        *byte ^= 1;
    }
}

/// A listener in the role that axum has for it.
struct Incoming(Listener);

impl axum::serve::Listener for Incoming {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok(accepted) => return accepted,
                Err(error) => {
                    tracing::warn!(%error, "a liar cannot accept");
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}
