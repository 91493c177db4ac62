use proptest::prelude::*;

use super::*;

/// The definition of the tree, level by level.
fn naive_root(leaves: &[Digest]) -> Node {
    let mut level: Vec<Node> = leaves.iter().copied().map(Node::Digest).collect();
    while level.len() > 1 {
        if level.len() % 2 == 1 {
            level.push(Node::Empty);
        }
        let parent = |pair: &[Node]| Node::Digest(inner_hash(&pair[0].bytes(), &pair[1].bytes()));
        level = level.chunks(2).map(parent).collect();
    }
    level.first().copied().unwrap_or(Node::Empty)
}

fn leaves(n: usize) -> Vec<Digest> {
    (0..n).map(|i| leaf_hash(&i.to_le_bytes())).collect()
}

#[test]
fn path_lengths_follow_the_table() {
    let lengths: Vec<_> = (0..10).map(max_path_len).collect();
    assert_eq!(lengths, [0, 0, 1, 2, 2, 3, 3, 3, 3, 4]);
}

#[test]
fn roots_and_proofs_hold_for_every_small_tree() {
    let mut scratch = Vec::new();
    for n in 0..70 {
        let leaves = leaves(n);
        let tree = MerkleTree::from_leaf_hashes(&leaves);
        let expected = naive_root(&leaves);
        assert_eq!(tree.root(), expected, "{n} leaves");
        assert_eq!(root(&leaves), expected, "{n} leaves");
        assert_eq!(
            root_with(&leaves, &mut scratch, hash_pairs),
            expected,
            "{n} leaves"
        );
        assert_eq!(tree.proof(n), None);
        for (i, leaf) in leaves.iter().enumerate() {
            let proof = tree.proof(i).unwrap();
            assert_eq!(proof.path().len(), max_path_len(n));
            proof.verify_leaf_hash(&expected, *leaf, i, n).unwrap();
            proof.verify(&expected, &i.to_le_bytes(), i, n).unwrap();
        }
    }
}

#[test]
fn a_tree_of_one_leaf_has_that_leaf_as_root() {
    let tree = MerkleTree::from_leaves(["x"]);
    assert_eq!(tree.root(), Node::Digest(leaf_hash(b"x")));
    assert_eq!(MerkleTree::from_leaves::<&[u8]>([]).root(), Node::Empty);
}

#[test]
fn an_empty_node_is_not_a_zero_digest() {
    assert_ne!(Node::Empty, Node::Digest(EMPTY));
    assert_eq!(wire::to_bcs(&Node::Empty), [0]);
    assert_eq!(wire::to_bcs(&Node::Digest([7; 32]))[..3], [1, 7, 7]);
    let proof = MerkleTree::from_leaf_hashes(&leaves(3)).proof(2).unwrap();
    assert_eq!(proof.path()[0], Node::Empty);
    let bytes = wire::to_bcs(&proof);
    assert_eq!(bytes.len(), 1 + 1 + 33);
    assert_eq!(wire::from_bcs(&bytes), Ok(proof));
}

#[test]
fn wrong_proofs_are_refused_with_the_reason() {
    let leaves = leaves(5);
    let tree = MerkleTree::from_leaf_hashes(&leaves);
    let root = tree.root();
    let proof = tree.proof(4).unwrap();
    let check = |proof: &MerkleProof, i, n| proof.verify_leaf_hash(&root, leaves[4], i, n);
    assert_eq!(check(&proof, 4, 5), Ok(()));
    assert_eq!(
        check(&proof, 4, 4),
        Err(ProofError::PathTooLong { max: 2, got: 3 })
    );
    assert_eq!(
        check(&proof, 8, 5),
        Err(ProofError::PathTooShort {
            path_len: 3,
            index: 8
        })
    );
    assert_eq!(check(&proof, 3, 5), Err(ProofError::RootMismatch));
    let short = MerkleProof::new(proof.path()[..2].to_vec());
    assert_eq!(
        check(&short, 4, 5),
        Err(ProofError::PathTooShort {
            path_len: 2,
            index: 4
        })
    );
    let empty = MerkleTree::from_leaf_hashes(&[]).root();
    assert_eq!(
        MerkleProof::new(vec![]).verify(&empty, b"", 0, 0),
        Err(ProofError::RootMismatch)
    );
}

#[test]
fn an_endless_path_is_refused_while_parsing() {
    let mut bytes = vec![65];
    bytes.resize(66, 0);
    assert!(wire::from_bcs::<MerkleProof>(&bytes).is_err());
    bytes[0] = 64;
    assert!(wire::from_bcs::<MerkleProof>(&bytes[..65]).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_leaf_or_sibling_breaks_the_proof(
        n in 2_usize..200,
        index in any::<prop::sample::Index>(),
        bit in 0_usize..256,
        level in any::<prop::sample::Index>(),
    ) {
        let leaves = leaves(n);
        let i = index.index(n);
        let tree = MerkleTree::from_leaf_hashes(&leaves);
        let mut leaf = leaves[i];
        leaf[bit / 8] ^= 1 << (bit % 8);
        let proof = tree.proof(i).unwrap();
        prop_assert!(proof.verify_leaf_hash(&tree.root(), leaf, i, n).is_err());

        let mut path = proof.path().to_vec();
        let level = level.index(path.len());
        let mut sibling = path[level].bytes();
        sibling[bit / 8] ^= 1 << (bit % 8);
        path[level] = Node::Digest(sibling);
        let forged = MerkleProof::new(path);
        prop_assert!(forged.verify_leaf_hash(&tree.root(), leaves[i], i, n).is_err());
    }
}
