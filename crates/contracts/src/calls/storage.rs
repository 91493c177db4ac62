//! Module `storage_resource` (`docs/spec/contracts.md` §4.2).

use floe_core::Epoch;

use super::Calls;
use crate::Arg;

impl Calls<'_> {
    /// Cuts the epochs from `epoch` on off a `Storage`. → the later `Storage`
    pub fn split_storage_by_epoch(&mut self, storage: Arg, epoch: Epoch) -> Arg {
        let args = vec![storage, self.ptb.pure(&epoch)];
        self.walrus("storage_resource", "split_by_epoch", args)
    }

    /// Leaves `encoded_bytes` in a `Storage`. → the rest
    pub fn split_storage_by_size(&mut self, storage: Arg, encoded_bytes: u64) -> Arg {
        let args = vec![storage, self.ptb.pure(&encoded_bytes)];
        self.walrus("storage_resource", "split_by_size", args)
    }

    /// Adds the adjacent epochs of an equal `Storage`, which is used up.
    pub fn fuse_storage_periods(&mut self, storage: Arg, other: Arg) {
        self.walrus("storage_resource", "fuse_periods", vec![storage, other]);
    }

    /// Adds the bytes of a `Storage` of the same epochs, which is used up.
    pub fn fuse_storage_amount(&mut self, storage: Arg, other: Arg) {
        self.walrus("storage_resource", "fuse_amount", vec![storage, other]);
    }

    /// Adds a `Storage` in either way; it is used up.
    pub fn fuse_storage(&mut self, storage: Arg, other: Arg) {
        self.walrus("storage_resource", "fuse", vec![storage, other]);
    }

    /// Gives up a `Storage`. Nothing is paid back.
    pub fn destroy_storage(&mut self, storage: Arg) {
        self.walrus("storage_resource", "destroy", vec![storage]);
    }
}
