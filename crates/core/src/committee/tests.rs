use super::*;
use crate::keys::BlsSecretKey;

fn member(id: u8, shards: &[u16]) -> CommitteeMember {
    CommitteeMember {
        node_id: ObjectId([id; 32]),
        public_key: BlsSecretKey::from_entropy(&[id; 32]).public_key(),
        shards: shards.iter().copied().map(ShardIndex).collect(),
    }
}

#[test]
fn members_are_sorted_and_found() {
    let members = vec![member(9, &[3]), member(1, &[4, 0]), member(5, &[1, 2])];
    let committee = Committee::new(Epoch(1), 5, members).unwrap();
    let ids: Vec<_> = committee
        .members()
        .iter()
        .map(|member| member.node_id.0[0])
        .collect();
    assert_eq!(ids, [1, 5, 9]);
    let holders: Vec<_> = (0..6)
        .map(|i| committee.holder(ShardIndex(i)).map(|i| i.0))
        .collect();
    assert_eq!(holders, [Some(0), Some(1), Some(1), Some(2), Some(0), None]);
    assert_eq!(
        committee.find_node(&ObjectId([9; 32])).unwrap().0,
        MemberIndex(2)
    );
    assert!(committee.find_node(&ObjectId([2; 32])).is_none());
    let key = committee.members()[1].public_key;
    assert_eq!(committee.find_key(&key).unwrap().0, MemberIndex(1));
    assert_eq!(committee.weight([0, 2, 7].map(MemberIndex)), 3);
}

#[test]
fn shards_are_held_once() {
    let new = |n, members: Vec<_>| Committee::new(Epoch(1), n, members).unwrap_err();
    let (shard, n_shards) = (ShardIndex(2), 2);
    assert_eq!(new(0, vec![]), CommitteeError::Empty { epoch: Epoch(1) });
    let members = vec![member(1, &[0, 1]), member(1, &[2])];
    assert_eq!(
        new(3, members),
        CommitteeError::DuplicateNode {
            node_id: ObjectId([1; 32])
        }
    );
    let members = vec![member(1, &[0, 1, 2])];
    assert_eq!(
        new(2, members.clone()),
        CommitteeError::ShardOutOfRange { shard, n_shards }
    );
    assert_eq!(
        new(4, members),
        CommitteeError::UnassignedShard {
            shard: ShardIndex(3)
        }
    );
    let members = vec![member(1, &[0, 2]), member(2, &[1, 2])];
    assert_eq!(new(3, members), CommitteeError::DuplicateShard { shard });
    assert_eq!(
        new(3, vec![]),
        CommitteeError::UnassignedShard {
            shard: ShardIndex(0)
        }
    );
}

#[test]
fn required_weights_are_the_inequalities_of_the_chain() {
    for n in 1..=2_000_u16 {
        for required in [RequiredWeight::Quorum, RequiredWeight::OneCorrectNode] {
            let factor = if required == RequiredWeight::Quorum {
                2
            } else {
                1
            };
            let least = required.least(n);
            let enough = |w: u16| 3 * u32::from(w) > factor * u32::from(n);
            assert!(enough(least) && !enough(least - 1), "{n}");
            assert!(
                required.is_reached(least, n) && !required.is_reached(least - 1, n),
                "{n}"
            );
        }
        let params = CodeParams::new(n.try_into().unwrap());
        assert_eq!(RequiredWeight::Quorum.least(n), params.min_correct(), "{n}");
    }
    assert_eq!(RequiredWeight::Quorum.least(1000), 667);
    assert_eq!(RequiredWeight::OneCorrectNode.least(1000), 334);
    assert_eq!(RequiredWeight::Quorum.least(50), 34);
    assert!(RequiredWeight::Quorum.is_reached(u16::MAX, u16::MAX));
    assert_eq!(RequiredWeight::Quorum.least(u16::MAX), 43_691);
}

#[test]
fn a_committee_is_put_together_from_shards_and_keys() {
    let members = [member(1, &[1, 2]), member(2, &[0])];
    let contents = members
        .iter()
        .map(|member| (member.node_id, member.shards.clone()))
        .collect();
    let assignment = onchain::staking::Committee(onchain::framework::VecMap { contents });
    let key = |id: &ObjectId| {
        members
            .iter()
            .find(|member| member.node_id == *id)
            .map(|member| member.public_key)
    };
    let committee = Committee::from_assignment(Epoch(4), 3, &assignment, key);
    assert_eq!(committee, Committee::new(Epoch(4), 3, members.to_vec()));
    let node_id = ObjectId([1; 32]);
    let error = Committee::from_assignment(Epoch(4), 3, &assignment, |_| None).unwrap_err();
    assert_eq!(error, CommitteeError::UnknownKey { node_id });
}
