//! `walrus::display`: how explorers show blobs, storage and stakes (`docs/spec/contracts.md` §3.7).
//!
//! The module has no functions of its own that a transaction can call; `create` runs once, at
//! deployment. The texts are this ledger's own, with the templates of the specification.

use floe_core::{
    ObjectId,
    onchain::{
        MoveDatatype,
        blob::{Blob, Storage},
        framework::{Display, Publisher, TypeName, VecMap},
        governance::{ObjectDisplay, PublisherKey},
        staking::StakedWal,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    error::Failure,
    modules::{generic_tag, package_id, sui::object_bag},
    runtime::Runtime,
    value::{MoveType, type_tag},
};

const PROJECT_URL: &str = "https://www.walrus.xyz";

/// `sui::display::DisplayCreated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DisplayCreated {
    id: ObjectId,
}

/// `sui::display::VersionUpdated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct VersionUpdated {
    id: ObjectId,
    version: u16,
    fields: VecMap<String, String>,
}

/// Name and description of a type.
type Text = (&'static str, &'static str);

const BLOB: Text = (
    "Walrus Blob ({size} B)",
    "A blob stored on Walrus: registered in epoch {registered_epoch}, certified in epoch \
     {certified_epoch}, deletable: {deletable}.",
);
const STORAGE: Text = (
    "Walrus Storage ({storage_size} B)",
    "Storage on Walrus from epoch {start_epoch} until epoch {end_epoch}.",
);
const STAKED_WAL: Text = (
    "Staked WAL ({principal} FROST)",
    "A stake with the storage node {node_id}, active from epoch {activation_epoch}.",
);

/// Creates and shares the displays, with the publisher; their id. Takes five fresh ids.
///
/// # Errors
/// Beyond the limit of new objects.
pub(super) fn create(rt: &mut Runtime<'_>, publisher: Publisher) -> Result<ObjectId, Failure> {
    let mut inner = object_bag::new(rt)?;
    let blob = display::<Blob>(rt, BLOB)?;
    object_bag::add(rt, &mut inner, &name_of::<Blob>(), blob)?;
    let storage = display::<Storage>(rt, STORAGE)?;
    object_bag::add(rt, &mut inner, &name_of::<Storage>(), storage)?;
    let stake = display::<StakedWal>(rt, STAKED_WAL)?;
    object_bag::add(rt, &mut inner, &name_of::<StakedWal>(), stake)?;
    object_bag::add(rt, &mut inner, &PublisherKey, publisher)?;
    let id = rt.fresh_id()?;
    rt.share(ObjectDisplay {
        id: id.into(),
        inner,
    })?;
    Ok(id)
}

fn display<T: MoveType>(
    rt: &mut Runtime<'_>,
    (name, description): Text,
) -> Result<Display<T>, Failure> {
    let id = rt.fresh_id()?;
    let tag = |event| generic_tag("sui", "display", event, vec![type_tag::<T>()]);
    rt.emit_as(tag("DisplayCreated"), &DisplayCreated { id })?;
    let fields = [
        ("name", name),
        ("description", description),
        ("image_url", "https://www.walrus.xyz/walrus-site-icon.svg"),
        ("project_url", PROJECT_URL),
        ("link", PROJECT_URL),
    ];
    let contents = fields
        .into_iter()
        .map(|(key, text)| (key.to_owned(), text.to_owned()))
        .collect();
    let fields = VecMap { contents };
    let version = 1;
    let updated = VersionUpdated {
        id,
        version,
        fields: fields.clone(),
    };
    rt.emit_as(tag("VersionUpdated"), &updated)?;
    Ok(Display::new(id.into(), fields, version))
}

/// The name of a type as `std::type_name` writes it.
fn name_of<T: MoveDatatype>() -> TypeName {
    let package = package_id(T::PACKAGE).to_string();
    let hex = package.trim_start_matches("0x");
    TypeName {
        name: format!("{hex}::{}::{}", T::MODULE, T::NAME),
    }
}
