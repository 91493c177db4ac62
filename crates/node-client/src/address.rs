//! Where a node is.

use std::{fmt, net::IpAddr, str::FromStr};

use http::uri::Authority;

/// A node's network address as it stands on chain, `host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeAddress {
    authority: Authority,
    port: u16,
}

/// A text is no network address. Whoever registered the node is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a network address like node.example.com:9185, got {got:?}")]
pub struct AddressError {
    got: String,
}

impl NodeAddress {
    /// The host: a name, or an address (IPv6 without brackets).
    pub fn host(&self) -> &str {
        let host = self.authority.host();
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        bare.unwrap_or(host)
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is this machine for certain.
    pub fn is_loopback(&self) -> bool {
        match self.host().parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host().eq_ignore_ascii_case("localhost"),
        }
    }

    pub(crate) const fn authority(&self) -> &Authority {
        &self.authority
    }
}

impl FromStr for NodeAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const CHARS_SHOWN: usize = 100;
        let error = || AddressError {
            got: text.chars().take(CHARS_SHOWN).collect(),
        };
        let authority: Authority = text.parse().map_err(|_| error())?;
        let port = authority.port_u16().filter(|port| *port != 0);
        let legal = !authority.host().is_empty() && !text.contains('@');
        match port {
            Some(port) if legal => Ok(Self { authority, port }),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.authority.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_a_port() {
        let parse = |text: &str| text.parse::<NodeAddress>();
        let address = parse("[::1]:9185").unwrap();
        assert_eq!((address.host(), address.port()), ("::1", 9185));
        assert!(address.is_loopback());
        assert_eq!(address.to_string(), "[::1]:9185");
        assert!(parse("127.8.0.1:1").unwrap().is_loopback());
        assert!(parse("localhost:1").unwrap().is_loopback());
        assert!(!parse("localhost.example.com:1").unwrap().is_loopback());
        for wrong in [
            "",
            "host",
            "host:",
            ":80",
            "host:0",
            "host:70000",
            "u@host:1",
            "a b:1",
            "h:1/p",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
