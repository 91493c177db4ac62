//! Hash and erasure-code kernels of the Floe encoder: BLAKE2b-256 over many equally long messages,
//! and the Reed–Solomon code of `docs/spec/encoding.md` §3.2 over many codewords.
//!
//! [`Kernels`] picks the fastest path the processor has (or the one `FLOE_KERNELS` names) and makes
//! a [`Hasher`] and [`ReedSolomon`] codes; both work on strided [`Symbols`] and compute the same
//! bytes on every path. [`FusedEncoder`] encodes and hashes codewords piece by piece, while they are in
//! cache. Nothing here allocates once the caller's scratch memory has grown.
//!
//! ```
//! use floe_kernels::{CodeScratch, Kernels, Layout, Symbols, SymbolsMut};
//!
//! // Two columns of a matrix of three rows, expanded by two rows.
//! let matrix = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
//! let columns = Symbols::new(&matrix, Layout::columns(2, 3, 4, 2))?;
//! let mut rows = [0; 8];
//! let recovery = SymbolsMut::new(&mut rows, Layout::columns(2, 2, 4, 2))?;
//! let code = Kernels::detect()?.reed_solomon(3, 2)?;
//! code.encode(columns, recovery, &mut CodeScratch::default())?;
//! assert_ne!(rows, [0; 8]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This is the only crate of the workspace with `unsafe` code: vector loads and stores, and calls of
//! functions that need processor features detected before.

mod blake2b;
mod dispatch;
mod fused;
mod layout;
mod pages;
mod prefetch;
mod rs;
mod symbols;

pub use blake2b::{Digest, HashError, HashScratch, Hasher, LeafStates};
pub use dispatch::{DispatchError, KERNELS_VARIABLE, KernelPath, Kernels};
pub use fused::{CodewordStates, FusedEncoder, FusedError, FusedScratch};
pub use layout::{Layout, LayoutError};
pub use pages::zeroed;
pub use rs::{CodeError, CodeScratch, Decoder, DecoderError, ReedSolomon, ShapeError};
pub use symbols::{Symbols, SymbolsMut};
