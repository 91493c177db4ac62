//! Whole networks in one thread on virtual time: the shipped services, a network that delays and
//! partitions, hosts that lose power, nodes that lie. A seed decides everything.

pub mod host;
pub mod liar;
pub mod net;
