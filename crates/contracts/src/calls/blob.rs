//! Modules `blob`, `metadata` and `shared_blob` (`docs/spec/contracts.md` §4.3, §4.4).

use floe_core::ObjectId;

use super::Calls;
use crate::{Arg, ObjectUse};

impl Calls<'_> {
    /// Gives up a blob and its storage. Nodes keep the data until its end.
    pub fn burn_blob(&mut self, blob: Arg) {
        self.walrus("blob", "burn", vec![blob]);
    }

    /// Attributes. → `Metadata`
    pub fn attributes<'t>(&mut self, pairs: impl IntoIterator<Item = (&'t str, &'t str)>) -> Arg {
        let metadata = self.walrus("metadata", "new", Vec::new());
        for (key, value) in pairs {
            let args = vec![metadata, self.ptb.pure(key), self.ptb.pure(value)];
            self.walrus("metadata", "insert_or_update", args);
        }
        metadata
    }

    /// Gives a blob without attributes some.
    pub fn add_attributes(&mut self, blob: Arg, attributes: Arg) {
        self.walrus("blob", "add_metadata", vec![blob, attributes]);
    }

    /// Replaces all of a blob's attributes. → the former ones, if any
    pub fn replace_attributes(&mut self, blob: Arg, attributes: Arg) -> Arg {
        self.walrus("blob", "add_or_replace_metadata", vec![blob, attributes])
    }

    /// Takes all of a blob's attributes away. → the attributes
    pub fn take_attributes(&mut self, blob: Arg) -> Arg {
        self.walrus("blob", "take_metadata", vec![blob])
    }

    /// Sets one of a blob's attributes.
    pub fn set_attribute(&mut self, blob: Arg, key: &str, value: &str) {
        let args = vec![blob, self.ptb.pure(key), self.ptb.pure(value)];
        self.walrus("blob", "insert_or_update_metadata_pair", args);
    }

    /// Removes one of a blob's attributes, which must be there.
    pub fn remove_attribute(&mut self, blob: Arg, key: &str) {
        let args = vec![blob, self.ptb.pure(key)];
        self.walrus("blob", "remove_metadata_pair", args);
    }

    /// Removes one of a blob's attributes, if it is there.
    pub fn remove_attribute_if_exists(&mut self, blob: Arg, key: &str) {
        let args = vec![blob, self.ptb.pure(key)];
        self.walrus("blob", "remove_metadata_pair_if_exists", args);
    }

    /// Lets everybody extend a blob. There is no way back.
    pub fn share_blob(&mut self, blob: Arg) {
        self.walrus("shared_blob", "new", vec![blob]);
    }

    /// Lets everybody extend a blob, with a coin of WAL to do so. The coin is used up.
    pub fn share_blob_funded(&mut self, blob: Arg, coin: Arg) {
        self.walrus("shared_blob", "new_funded", vec![blob, coin]);
    }

    /// Adds a coin of WAL to a shared blob's funds. The coin is used up.
    pub fn fund_shared_blob(&mut self, shared: ObjectId, coin: Arg) {
        let args = vec![self.ptb.object(shared, ObjectUse::Change), coin];
        self.walrus("shared_blob", "fund", args);
    }

    /// Extends a shared blob out of its funds.
    pub fn extend_shared_blob(&mut self, shared: ObjectId, epochs: u32) {
        let args = vec![
            self.ptb.object(shared, ObjectUse::Change),
            self.system(ObjectUse::Change),
            self.ptb.pure(&epochs),
        ];
        self.walrus("shared_blob", "extend", args);
    }
}
