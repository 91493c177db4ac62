"""Writes traces of networks: what is called, what it gives, and the whole state after every turn.

`python3 make.py` rewrites `traces.jsonl`, a step per line; the ledger is held to it by
`crates/ledger/tests/economics.rs`. The numbers come from `model.py` alone.
"""

import copy
import json
import random

from model import DAY, MIB, WAL, Abort, Network, Rate, check, encoded

FOUNDER = -1
VOTES = [100_000, 20_000, 1 << 40]


class Trace:
    def __init__(self, out, name, n_shards, epochs_max, nodes):
        self.out, self.nodes = out, nodes
        self.net = Network(n_shards, epochs_max)
        for node in [FOUNDER, *range(nodes)]:
            self.net.register(node, 1000, VOTES)
        self.net.stake(FOUNDER, 1000 * WAL, "founder")
        self.net.voting_end()
        self.net.change_epoch()
        self.net.sync(FOUNDER)
        self.names = 0
        head = {"trace": name, "n_shards": n_shards, "epochs_max": epochs_max, "nodes": nodes}
        self.write(head)
        self.state()

    def write(self, value):
        self.out.write(json.dumps(value, separators=(",", ":")) + "\n")

    def state(self, *parts):
        """All of it, or only some parts."""
        state = self.net.show()
        self.write({"state": {part: state[part] for part in parts or state}})

    def name(self, kind):
        self.names += 1
        return f"{kind}{self.names}"

    def do(self, op, *args):
        """One call: its result, or what it aborts with, in which case nothing has happened."""
        before = copy.deepcopy(self.net)
        step = {"do": [op, *args]}
        try:
            gets = getattr(self.net, op)(*args)
            if gets is not None:
                step["gets"] = gets
        except Abort as abort:
            self.net = before
            step["abort"] = str(abort)
        self.write(step)
        return "abort" not in step

    def turn(self, *parts):
        """The rest of an epoch: vote, change, sync."""
        for node in list(self.net.committee):
            if self.net.phase[0] == "sync":
                self.do("sync", node)
        if self.net.phase[0] == "done":
            self.do("wait", DAY // 2)
            self.do("voting_end")
        self.do("wait", DAY)
        self.do("change_epoch")
        self.state(*parts)

    def hand_over(self, stakes):
        """The founder leaves, and the nodes take over."""
        self.do("request", "founder")
        for node, wal in enumerate(stakes):
            self.do("stake", node, wal * WAL, self.name("s"))
        self.do("wait", DAY // 2)
        self.do("voting_end")
        self.state()
        self.do("wait", DAY // 2)
        self.do("change_epoch")
        self.do("withdraw", "founder")
        self.state()


def rates_and_withdrawals(out):
    """Every case of §5.1, with rewards that round."""
    t = Trace(out, "rates and withdrawals", 100, 6, 5)
    for node in range(5):
        t.do("vote", node, [10**7 + 3 * node, 10**6 + node, 1 << 40])
    t.hand_over([1000, 700, 500, 300, 1])
    t.do("reserve", 1001 * MIB + 1, 0, 8, "a")
    t.do("reserve", 1, 4, 6, "b")
    t.do("reserve", 0, 2, 3, "none")
    t.do("reserve", 1, 2, 9, "far")
    t.do("reserve", 1, 5, 5, "past")
    t.do("add_subsidy", 100_000_000_007, 6)
    t.do("set_commission", 0, 2_500)
    t.do("set_commission", 1, 10_001)
    t.do("set_commission", 2, 0)
    t.do("stake", 0, 333_333_333_333, "early")
    t.do("stake", 0, 999_999_999, "small")
    t.do("stake", 0, 0, "zero")
    t.do("stake", 3, 77 * WAL, "moved")
    t.do("withdraw", "moved")
    t.turn()
    t.do("stake", 0, 50 * WAL, "preactive")
    t.do("request", "s1")
    t.do("request", "s1")
    t.do("withdraw", "s2")
    t.do("request", "preactive")
    for node in (0, 1, 2):
        t.do("sync", node)
    t.do("sync", 0)
    t.do("wait", DAY // 2 - 1)
    t.do("voting_end")
    t.do("wait", 1)
    t.do("voting_end")
    t.do("voting_end")
    t.state()
    t.do("stake", 1, 200 * WAL, "late")
    t.do("request", "late")
    t.do("request", "preactive")
    t.do("request", "s3")
    t.do("split", "early", 100 * WAL, "part")
    t.do("split", "early", WAL // 2, "tiny")
    t.do("request", "part")
    t.do("join", "early", "part")
    t.do("change_epoch")
    t.turn()
    for name in ("s1", "s3", "preactive", "part", "late"):
        t.do("withdraw", name)
    t.do("collect", 0)
    t.turn()
    for name in ("s3", "preactive", "part"):
        t.do("withdraw", name)
    t.do("collect", 0)
    t.do("collect", 2)
    t.turn()
    # Node 4 is too poor for a shard: its only stake leaves in one step, and comes back.
    t.do("request", "s5")
    t.do("withdraw", "s5")
    t.do("stake", 4, 40 * WAL, "back")
    t.turn()
    t.do("request", "back")
    t.turn()
    t.do("withdraw", "back")
    t.turn()


def subsidies_and_denials(out):
    """§4 with deny lists, §8.2 and §8.3, slashing, blocked commission."""
    t = Trace(out, "subsidies and denials", 97, 4, 4)
    t.do("new_subsidies", 5_000, 10**9, 10**8)
    t.do("process_subsidies")
    t.do("fund_subsidies", 10_000 * WAL)
    for node in range(4):
        t.do("vote", node, [[5, 9, 7, 1][node] * 10**6, 10**6 * node, 10**10 * (node + 1)])
    t.hand_over([400, 350, 250, 123])
    t.do("process_subsidies")
    t.do("update_prices")
    t.do("reserve", 300 * MIB, 2, 6, "a")
    t.do("process_subsidies")
    t.do("deny", 2, 100 * MIB)
    t.do("deny", 1, 10**15)
    t.do("register_blob", "a", 1_000_000, "blob")
    t.do("certify", "blob")
    t.do("extend", "blob", 1)
    t.do("new_credits", 1_111, 2_222, 5 * WAL)
    t.do("credits_reserve", 200 * MIB, 3, "b")
    t.do("credits_reserve", 777 * MIB, 2, "c")
    t.do("credits_reserve", 3 * MIB, 2, "d")
    t.do("create_pool", 200 * MIB, 2, "pool")
    t.do("pool_blob", "pool", 5)
    t.do("pool_blob", "pool", 10 * MIB)
    t.do("grow_pool", "pool", 40 * MIB + 5)
    t.do("extend_pool", "pool", 1)
    t.do("extend_pool", "pool", 4)
    t.do("add_commission", 3, 12_345)
    t.turn()
    t.do("process_subsidies")
    t.do("collect", 3)
    t.do("reserve", 10**9, 3, 7, "e")
    t.do("reserve", 10**13, 3, 7, "full")
    t.do("process_subsidies")
    t.turn()
    t.do("slash", 0)
    t.do("collect", 0)
    for node in range(4):
        t.do("sync", node)
    t.do("wait", DAY // 2)
    t.do("voting_end")
    t.do("add_commission", 0, 999)
    t.do("collect", 0)
    for node in range(1, 4):
        t.do("collect", node)
    t.do("process_subsidies")
    t.turn()
    # Nobody calls for a whole epoch: its fixed part is lost.
    t.turn()
    t.do("process_subsidies")
    t.turn()


def many_nodes(out):
    """25 nodes and 1000 shards: the cap, ties, small moves of stake."""
    t = Trace(out, "many nodes", 1000, 3, 25)
    rng = random.Random(25)
    t.hand_over([9_000, 2_000] + [rng.choice([100, 100, 150, 200]) for _ in range(23)])
    for node in range(0, 25, 3):
        t.do("vote", node, [rng.randrange(10**6), rng.randrange(10**6), rng.randrange(10**13)])
    t.do("update_prices")
    t.do("reserve", 100 * MIB, 2, 5, "a")
    for node in range(2, 25, 4):
        t.do("stake", node, rng.randrange(1, 300) * WAL, t.name("s"))
    t.turn()
    for name in ("s1", "s5", "s9", "s10"):
        t.do("request", name)
    t.turn()
    for node in (4, 8, 9):
        t.do("stake", node, 50 * WAL, t.name("s"))
    t.turn()


def full_house(out):
    """More candidates than the active set has places: who is let in, who has to go, who comes back."""
    t = Trace(out, "full house", 1000, 3, 152)
    rng = random.Random(152)
    t.do("request", "founder")
    for node in range(150):
        t.do("stake", node, rng.choice([2, 3, 3, 5, 8, 13, 150]) * WAL, f"s{node}")
    t.state("active")
    # As poor as the poorest is not enough; a little more takes the first one's place.
    t.do("stake", 150, 2 * WAL, "late")
    t.do("try_join", 150)
    t.state("active")
    t.do("stake", 150, WAL, "later")
    t.do("stake", 151, 3 * WAL, "last")
    t.state("active")
    gone = next(node for node in range(150) if all(node != own for own, _ in t.net.active))
    t.do("stake", gone, WAL + 1, "more")
    t.state("active")
    # Who takes all back leaves a place that the last one of the list moves to.
    for name in ("s5", "s77", "more"):
        t.do("withdraw", name)
    t.do("try_join", gone)
    t.do("try_join", 151)
    t.state("active")
    t.turn("epoch", "active", "committee", "previous", "capacity")
    t.do("withdraw", "founder")
    for name in ("s1", "s40", "s149"):
        t.do("request", name)
    t.do("stake", 5, 60 * WAL, "again")
    t.turn("epoch", "active", "committee", "previous", "capacity")


def dust(out):
    """What rounding leaves in a pool makes its shares dearer, and stakes get stuck by the rules."""
    t = Trace(out, "dust", 10, 4, 2)
    for node in range(2):
        t.do("set_commission", node, 0)
    t.hand_over([100, 20])
    t.do("reserve", MIB, 0, 6, "a")
    t.turn()
    t.do("add_subsidy", 60 * WAL, 1)
    t.turn()
    for i in range(8):
        t.do("stake", 1, WAL + 123_456_789 * i, f"x{i}")
    t.do("reserve", MIB, 0, t.net.epoch + 4, "b")
    t.turn()
    t.do("add_subsidy", 200 * WAL, 1)
    for name in ["s2", *(f"x{i}" for i in range(8))]:
        t.do("request", name)
    t.turn()
    for name in ["s2", *(f"x{i}" for i in range(8))]:
        t.do("withdraw", name)
    left = t.net.pools[1]
    assert 1 not in t.net.committee and left.wal > left.shares > 0
    # Staked while the pool is in no committee: bought at the old rate, sold at the new one.
    t.do("stake", 0, 20_000 * WAL, "big")
    t.do("stake", 1, 500 * WAL, "p")
    t.turn()
    assert 1 not in t.net.committee
    t.do("withdraw", "p")
    t.do("stake", 1, 6_000 * WAL, "q")
    t.do("withdraw", "p")
    t.turn()
    assert 1 in t.net.committee
    # All shares of q are worth more than the pool has: it can only go when others come.
    t.do("request", "q")
    pool, epoch = t.net.pools[1], t.net.epoch
    shares = pool.rate_at(epoch).to_shares(6_000 * WAL)
    missing = Rate(pool.wal, pool.shares).to_wal(shares) - pool.wal
    t.do("stake", 1, missing, "r")
    t.do("request", "q")
    t.do("reserve", MIB, 0, epoch + 2, "c")
    t.do("add_subsidy", 100 * WAL, 1)
    # Rewards make these shares dearer than all stake: this epoch can't end.
    t.turn()


def wander(out, seed, nodes, n_shards, steps):
    rng = random.Random(seed)
    t = Trace(out, f"random {seed}", n_shards, rng.randrange(2, 7), nodes)
    for node in range(nodes):
        t.do("vote", node, [rng.randrange(10**8), rng.randrange(10**7), rng.randrange(10**12)])
    t.hand_over([rng.choice([1, 10, 300, 1000]) for _ in range(nodes)])
    t.do("new_subsidies", rng.randrange(20_000), rng.randrange(WAL), rng.randrange(WAL))
    t.do("fund_subsidies", 500 * WAL)
    t.do("new_credits", rng.randrange(10_001), rng.randrange(10_001), 100 * WAL)
    for _ in range(steps):
        random_step(t, rng)
    t.state()


def random_step(t, rng):
    net = t.net
    node = rng.randrange(t.nodes)
    stake = rng.choice(list(net.stakes) or [None])
    now = net.epoch
    size = rng.choice([rng.randrange(1, 500 * MIB), encoded(rng.randrange(10**6), net.n)])
    kind = rng.choices(
        ["stake", "request", "withdraw", "split", "join", "vote", "prices", "rate", "collect"]
        + ["reserve", "register", "extend", "subsidy", "process", "credits", "deny", "slash"]
        + ["wait", "vote_ends", "change", "sync", "turn"],
        [14, 12, 14, 3, 2, 2, 2, 2, 3] + [8, 3, 3, 2, 3, 3, 2, 1] + [2, 3, 3, 4, 10],
    )[0]
    if kind == "stake":
        t.do("stake", node, rng.randrange(WAL, 2000 * WAL), t.name("s"))
    elif kind in ("request", "withdraw") and stake:
        t.do(kind, stake)
    elif kind == "split" and stake:
        t.do("split", stake, rng.randrange(2000 * WAL), t.name("s"))
    elif kind == "join" and len(net.stakes) > 1:
        t.do("join", *rng.sample(list(net.stakes), 2))
    elif kind == "vote":
        t.do("vote", node, [rng.randrange(10**8), rng.randrange(10**7), rng.randrange(10**12)])
    elif kind == "prices":
        t.do("update_prices")
    elif kind == "rate":
        t.do("set_commission", node, rng.randrange(10_500))
    elif kind == "collect":
        t.do("collect", node)
    elif kind == "reserve":
        start = now + rng.randrange(3)
        t.do("reserve", size, start, start + rng.randrange(5), t.name("r"))
    elif kind == "register" and net.storage:
        blob = t.name("b")
        if t.do("register_blob", rng.choice(list(net.storage)), rng.randrange(10**6), blob):
            t.do("certify", blob)
    elif kind == "extend" and net.blobs:
        op = rng.choice(["extend", "credits_extend"])
        t.do(op, rng.choice(list(net.blobs)), rng.randrange(4))
    elif kind == "subsidy":
        t.do("add_subsidy", rng.randrange(10**12), rng.randrange(7))
    elif kind == "process":
        t.do("process_subsidies")
    elif kind == "credits":
        t.do("credits_reserve", size, rng.randrange(4), t.name("r"))
    elif kind == "deny" and node in net.committee:
        t.do("deny", node, rng.randrange(10**9))
    elif kind == "slash":
        t.do("slash", node)
    elif kind == "wait":
        t.do("wait", rng.randrange(DAY))
    elif kind == "vote_ends":
        t.do("voting_end")
    elif kind == "change" and t.do("change_epoch"):
        t.state()
    elif kind == "sync":
        for member in list(net.committee):
            t.do("sync", member)
    elif kind == "turn":
        t.turn()


def main():
    check()
    with open("traces.jsonl", "w") as out:
        rates_and_withdrawals(out)
        subsidies_and_denials(out)
        many_nodes(out)
        full_house(out)
        dust(out)
        for seed, nodes, n_shards in ((1, 4, 10), (2, 7, 60), (3, 3, 31), (4, 12, 100)):
            wander(out, seed, nodes, n_shards, 160)


if __name__ == "__main__":
    main()
