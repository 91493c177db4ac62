//! Signed messages, and the answers that carry them.
#![no_main]

use floe_core::messages::{
    DenyListBlobDeleted, DenyListUpdate, InvalidBlobId, Message, MessageBody, MessageHeader,
    ProofOfPossession, ProtocolVersion, SignedMessage, SignedStorageConfirmation,
    StorageConfirmation, SyncShardRequest,
};
use floe_fuzz::{bcs, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let known = [
        message::<ProofOfPossession>(bytes),
        message::<StorageConfirmation>(bytes),
        message::<InvalidBlobId>(bytes),
        message::<SyncShardRequest>(bytes),
        message::<DenyListUpdate>(bytes),
        message::<DenyListBlobDeleted>(bytes),
        message::<ProtocolVersion>(bytes),
    ];
    let taken = known.iter().filter(|taken| **taken).count();
    assert!(taken <= 1, "a message of two types");
    assert!(taken == 0 || MessageHeader::from_bytes_prefix(bytes).is_ok());
    json::<SignedStorageConfirmation>(bytes);
    if let Some(signed) = bcs::<SignedMessage>(bytes) {
        message::<StorageConfirmation>(&signed.serialized_message);
    }
});

/// Reads a message; what is taken must be written as it was.
fn message<B: MessageBody>(bytes: &[u8]) -> bool {
    let whole = Message::<B>::from_bytes(bytes);
    let Ok((prefix, rest)) = Message::<B>::from_bytes_prefix(bytes) else {
        assert!(whole.is_err(), "taken whole, but not as a prefix of itself");
        return false;
    };
    let written = prefix.to_bytes();
    assert_eq!([&written, rest].concat(), bytes);
    assert_eq!(whole.is_ok(), rest.is_empty());
    true
}
