//! Folders and names: as programs see them, as they are on the medium, and what lies between.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path};

use rustix::io::Errno;

use super::content::{Content, Survival};
use crate::testing::SeededRng;
use crate::{Access, Rng as _};

/// A file or folder, whatever its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(u64);

const ROOT: NodeId = NodeId(0);

/// A name's place: the folder, and the name in it.
pub(super) type Place = (NodeId, OsString);

#[derive(Debug)]
pub(super) struct FileNode {
    pub(super) content: Content,
    pub(super) access: Access,
    /// The tick of the last change.
    pub(super) modified: u64,
    pub(super) locked: bool,
    handles: usize,
    named: bool,
}

#[derive(Debug, Default)]
pub(super) struct DirNode {
    live: BTreeMap<OsString, NodeId>,
    durable: BTreeMap<OsString, NodeId>,
}

#[derive(Debug)]
pub(super) enum Node {
    File(FileNode),
    Dir(DirNode),
}

/// A change of names that reaches the medium as a whole: what each place stands for afterwards.
#[derive(Debug, Clone)]
struct NameChange(Vec<(Place, Option<NodeId>)>);

impl NameChange {
    fn places(&self) -> impl Iterator<Item = &Place> {
        self.0.iter().map(|(place, _)| place)
    }
}

#[derive(Debug)]
pub(super) struct Tree {
    nodes: BTreeMap<NodeId, Node>,
    next: u64,
    pending: Vec<NameChange>,
    ticks: u64,
    /// Bytes of all files that have a name or an open handle.
    used_bytes: u64,
}

impl Tree {
    pub(super) fn new() -> Self {
        let nodes = BTreeMap::from([(ROOT, Node::Dir(DirNode::default()))]);
        Self {
            nodes,
            next: 1,
            pending: Vec::new(),
            ticks: 0,
            used_bytes: 0,
        }
    }

    pub(super) const fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    pub(super) fn node(&self, id: NodeId) -> io::Result<&Node> {
        self.nodes.get(&id).ok_or_else(|| Errno::STALE.into())
    }

    fn node_mut(&mut self, id: NodeId) -> io::Result<&mut Node> {
        self.nodes.get_mut(&id).ok_or_else(|| Errno::STALE.into())
    }

    pub(super) fn file(&self, id: NodeId) -> io::Result<&FileNode> {
        match self.node(id)? {
            Node::File(file) => Ok(file),
            Node::Dir(_) => Err(Errno::ISDIR.into()),
        }
    }

    pub(super) fn file_mut(&mut self, id: NodeId) -> io::Result<&mut FileNode> {
        match self.node_mut(id)? {
            Node::File(file) => Ok(file),
            Node::Dir(_) => Err(Errno::ISDIR.into()),
        }
    }

    fn dir(&self, id: NodeId) -> io::Result<&DirNode> {
        match self.node(id)? {
            Node::Dir(dir) => Ok(dir),
            Node::File(_) => Err(Errno::NOTDIR.into()),
        }
    }

    /// What `path` stands for.
    pub(super) fn find(&self, path: &Path) -> io::Result<NodeId> {
        let mut found = ROOT;
        for component in path.components() {
            match component {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => {
                    let dir = self.dir(found)?;
                    found = dir.live.get(name).copied().ok_or(Errno::NOENT)?;
                }
                Component::ParentDir | Component::Prefix(_) => return Err(Errno::INVAL.into()),
            }
        }
        Ok(found)
    }

    pub(super) fn find_dir(&self, path: &Path) -> io::Result<NodeId> {
        let id = self.find(path)?;
        self.dir(id)?;
        Ok(id)
    }

    /// The place of a name that need not exist, in a folder that must.
    pub(super) fn place(&self, path: &Path) -> io::Result<Place> {
        let name = path.file_name().ok_or(Errno::INVAL)?;
        let dir = self.find_dir(path.parent().unwrap_or_else(|| Path::new("")))?;
        Ok((dir, name.to_owned()))
    }

    pub(super) fn at(&self, (dir, name): &Place) -> Option<NodeId> {
        self.dir(*dir).ok()?.live.get(name).copied()
    }

    /// The entries of a folder in the order of their names.
    pub(super) fn entries(
        &self,
        id: NodeId,
    ) -> io::Result<impl Iterator<Item = (&OsStr, &Node)> + use<'_>> {
        let named = self.dir(id)?.live.iter();
        Ok(named.filter_map(|(name, id)| Some((name.as_os_str(), self.nodes.get(id)?))))
    }

    fn add(&mut self, node: Node) -> NodeId {
        let id = NodeId(self.next);
        self.next += 1;
        self.nodes.insert(id, node);
        id
    }

    pub(super) fn add_file(&mut self, access: Access) -> NodeId {
        self.ticks += 1;
        self.add(Node::File(FileNode {
            content: Content::default(),
            access,
            modified: self.ticks,
            locked: false,
            handles: 0,
            named: false,
        }))
    }

    pub(super) fn add_dir(&mut self) -> NodeId {
        self.add(Node::Dir(DirNode::default()))
    }

    /// Applies a change of names as programs see it.
    pub(super) fn rename(&mut self, changes: Vec<(Place, Option<NodeId>)>) {
        for ((dir, name), target) in &changes {
            let Ok(Node::Dir(dir)) = self.node_mut(*dir) else {
                continue;
            };
            let before = match target {
                Some(target) => dir.live.insert(name.clone(), *target),
                None => dir.live.remove(name),
            };
            if let Some(Ok(Node::File(file))) = before.map(|before| self.node_mut(before)) {
                file.named = false;
                let freed = if file.handles == 0 {
                    file.content.live().len() as u64
                } else {
                    0
                };
                self.used_bytes -= freed;
            }
        }
        // After all removals: a rename takes the node's old name away and gives it a new one.
        for target in changes.iter().filter_map(|(_, target)| *target) {
            if let Ok(Node::File(file)) = self.node_mut(target) {
                let len = file.content.live().len() as u64;
                let regained = if !file.named && file.handles == 0 {
                    len
                } else {
                    0
                };
                file.named = true;
                self.used_bytes += regained;
            }
        }
        self.pending.push(NameChange(changes));
    }

    pub(super) fn is_empty_dir(&self, id: NodeId) -> io::Result<bool> {
        Ok(self.dir(id)?.live.is_empty())
    }

    /// Is `inner` the folder `outer`, or below it?
    pub(super) fn contains(&self, outer: NodeId, inner: NodeId) -> bool {
        outer == inner
            || self
                .dir(outer)
                .is_ok_and(|dir| dir.live.values().any(|child| self.contains(*child, inner)))
    }

    /// Changes the content of a file, and keeps the books about it.
    pub(super) fn change<T>(
        &mut self,
        id: NodeId,
        change: impl FnOnce(&mut Content) -> T,
    ) -> io::Result<T> {
        self.ticks += 1;
        let ticks = self.ticks;
        let file = self.file_mut(id)?;
        file.modified = ticks;
        let before = file.content.live().len() as u64;
        let result = change(&mut file.content);
        let after = file.content.live().len() as u64;
        self.used_bytes = self.used_bytes - before + after;
        Ok(result)
    }

    pub(super) fn opened(&mut self, id: NodeId) -> io::Result<()> {
        self.file_mut(id)?.handles += 1;
        Ok(())
    }

    pub(super) fn closed(&mut self, id: NodeId) {
        let Ok(file) = self.file_mut(id) else { return };
        file.handles -= 1;
        if file.handles == 0 && !file.named {
            let freed = file.content.live().len() as u64;
            self.used_bytes -= freed;
            self.forget_unreachable();
        }
    }

    /// Makes the names in `dir` durable, and with them the earlier changes they build on.
    pub(super) fn sync_dir(&mut self, dir: NodeId) {
        let mut places = BTreeSet::new();
        let mut kept = Vec::new();
        let mut reached = Vec::new();
        for change in self.pending.drain(..).rev() {
            if change
                .places()
                .any(|place| place.0 == dir || places.contains(place))
            {
                places.extend(change.places().cloned());
                reached.push(change);
            } else {
                kept.push(change);
            }
        }
        kept.reverse();
        self.pending = kept;
        for change in reached.into_iter().rev() {
            self.make_durable(change);
        }
        self.forget_unreachable();
    }

    fn make_durable(&mut self, change: NameChange) {
        for ((dir, name), target) in change.0 {
            let Ok(Node::Dir(dir)) = self.node_mut(dir) else {
                continue;
            };
            match target {
                Some(target) => dir.durable.insert(name, target),
                None => dir.durable.remove(&name),
            };
        }
    }

    /// A sync of `dir` that failed: the changes it was to make durable never will be.
    pub(super) fn lose_pending(&mut self, dir: NodeId) {
        self.pending
            .retain(|change| change.places().all(|place| place.0 != dir));
    }

    /// Drops what no name, handle or pending change leads to any more.
    fn forget_unreachable(&mut self) {
        let mut wanted: BTreeSet<NodeId> = BTreeSet::from([ROOT]);
        wanted.extend(
            self.pending
                .iter()
                .flat_map(|change| &change.0)
                .filter_map(|(_, to)| *to),
        );
        let open = self.nodes.iter().filter(|(_, node)| match node {
            Node::File(file) => file.handles > 0,
            Node::Dir(_) => false,
        });
        wanted.extend(open.map(|(id, _)| *id));
        let mut to_visit: Vec<NodeId> = wanted.iter().copied().collect();
        while let Some(id) = to_visit.pop() {
            if let Some(Node::Dir(dir)) = self.nodes.get(&id) {
                let children = dir.live.values().chain(dir.durable.values());
                to_visit.extend(children.copied().filter(|child| wanted.insert(*child)));
            }
        }
        self.nodes.retain(|id, _| wanted.contains(id));
    }

    /// What is found after a power cut.
    pub(super) fn after_power_cut(&self, survival: Survival, rng: &SeededRng) -> Self {
        let mut names: BTreeMap<NodeId, BTreeMap<OsString, NodeId>> = BTreeMap::new();
        for (id, node) in &self.nodes {
            if let Node::Dir(dir) = node {
                names.insert(*id, dir.durable.clone());
            }
        }
        // A change can't outlive an earlier one of the same names: it was made from its result.
        let mut lost: BTreeSet<&Place> = BTreeSet::new();
        for change in &self.pending {
            let survives = match survival {
                Survival::Nothing => false,
                Survival::Everything => true,
                Survival::Mixed => rng.u64() & 1 == 0,
            };
            if !survives || change.places().any(|place| lost.contains(place)) {
                lost.extend(change.places());
                continue;
            }
            for ((dir, name), target) in &change.0 {
                let Some(names) = names.get_mut(dir) else {
                    continue;
                };
                match target {
                    Some(target) => names.insert(name.clone(), *target),
                    None => names.remove(name),
                };
            }
        }
        let mut image = Self {
            nodes: BTreeMap::new(),
            next: self.next,
            ticks: self.ticks,
            ..Self::new()
        };
        let mut to_visit = vec![ROOT];
        while let Some(id) = to_visit.pop() {
            if image.nodes.contains_key(&id) {
                continue;
            }
            let node = match self.nodes.get(&id) {
                Some(Node::File(file)) => {
                    let bytes = file.content.after_power_cut(survival, rng);
                    image.used_bytes += bytes.len() as u64;
                    Node::File(FileNode {
                        content: Content::durable(bytes),
                        access: file.access,
                        modified: file.modified,
                        locked: false,
                        handles: 0,
                        named: true,
                    })
                }
                _ => {
                    let names = names.remove(&id).unwrap_or_default();
                    to_visit.extend(names.values());
                    Node::Dir(DirNode {
                        live: names.clone(),
                        durable: names,
                    })
                }
            };
            image.nodes.insert(id, node);
        }
        image
    }
}
