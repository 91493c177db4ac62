//! Reading blobs (`docs/spec/client.md` §4.2–§4.4).

mod open;
mod stream;
#[cfg(test)]
mod tests;
mod whole;

pub use self::{open::OpenBlob, stream::BlobStream};
