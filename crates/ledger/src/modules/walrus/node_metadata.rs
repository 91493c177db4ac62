//! `walrus::node_metadata`: what explorers show of a node (`docs/spec/contracts.md` §3.5).

use floe_core::onchain::{framework::VecMap, node::NodeMetadata};

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "node_metadata");

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("new", new),
        ("set_image_url", set_image_url),
        ("set_project_url", set_project_url),
        ("set_description", set_description),
        ("set_extra_fields", set_extra_fields),
        ("image_url", image_url),
        ("project_url", project_url),
        ("description", description),
    ],
);

fn new(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.ret(NodeMetadata {
        image_url: call.args.take(0)?,
        project_url: call.args.take(1)?,
        description: call.args.take(2)?,
        extra_fields: VecMap::default(),
    });
    Ok(())
}

fn set_image_url(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.args.update::<NodeMetadata>(0)?.image_url = call.args.take(1)?;
    Ok(())
}

fn set_project_url(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.args.update::<NodeMetadata>(0)?.project_url = call.args.take(1)?;
    Ok(())
}

fn set_description(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.args.update::<NodeMetadata>(0)?.description = call.args.take(1)?;
    Ok(())
}

fn set_extra_fields(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.args.update::<NodeMetadata>(0)?.extra_fields = call.args.take(1)?;
    Ok(())
}

fn image_url(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let text = call.args.read::<NodeMetadata>(0)?.image_url.clone();
    call.ret(text);
    Ok(())
}

fn project_url(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let text = call.args.read::<NodeMetadata>(0)?.project_url.clone();
    call.ret(text);
    Ok(())
}

fn description(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let text = call.args.read::<NodeMetadata>(0)?.description.clone();
    call.ret(text);
    Ok(())
}
