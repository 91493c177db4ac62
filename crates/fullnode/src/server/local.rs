//! Requests that come from this machine, and not from a web page of somebody else.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::Peer;

/// Lets requests pass that come over the loopback interface, were addressed to it by name, and
/// were not made by a page of another site: any page can make a browser send requests to localhost.
pub(crate) async fn only_local(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>();
    let local_peer = peer.is_some_and(|Peer(address)| address.ip().to_canonical().is_loopback());
    if !local_peer {
        return refuse("only for clients on this machine");
    }
    // Which of several hosts is meant depends on who reads them.
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        return refuse("only under one name");
    }
    let host = request
        .uri()
        .authority()
        .map(|authority| authority.host().to_owned())
        .or_else(|| header_text(request.headers(), header::HOST).map(host_of));
    if !host.is_some_and(|host| is_loopback_name(&host)) {
        return refuse("only under the name localhost or a loopback address");
    }
    let origin = header_text(request.headers(), header::ORIGIN);
    if origin.is_some_and(|origin| !is_loopback_origin(origin)) {
        return refuse("not for web pages of other sites");
    }
    next.run(request).await
}

/// Whether an `Origin` is of a page on this machine.
pub(crate) fn is_loopback_origin(origin: &str) -> bool {
    let rest = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    rest.is_some_and(|authority| is_loopback_name(&host_of(authority)))
}

fn refuse(reason: &str) -> Response {
    (StatusCode::FORBIDDEN, format!("{reason}\n")).into_response()
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The host in `host:port`, without the brackets of an IPv6 address.
fn host_of(authority: &str) -> String {
    let bracketed = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    let host = match bracketed {
        Some((host, _)) => host,
        None => authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host),
    };
    host.to_owned()
}

fn is_loopback_name(host: &str) -> bool {
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_origins_are_told_apart() {
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"] {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in [
            "",
            "example.org",
            "localhost.example.org",
            "10.0.0.1",
            "0.0.0.0",
        ] {
            assert!(!is_loopback_name(host), "{host}");
        }
        assert!(is_loopback_origin("http://localhost:5173"));
        assert!(is_loopback_origin("http://[::1]:80"));
        for origin in [
            "null",
            "https://example.org",
            "http://localhost.evil.org",
            "file://",
        ] {
            assert!(!is_loopback_origin(origin), "{origin}");
        }
    }
}
