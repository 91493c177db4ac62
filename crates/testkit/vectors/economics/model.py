"""A Walrus network in plain numbers, written from docs/spec/economics.md alone.

Nothing here was taken from the ledger: the section of the specification is named at each rule, and
`check()` holds the model to the numbers that the specification works out. Amounts are FROST.
"""

WAL = 10**9
MIB = 1 << 20
DAY = 86_400_000
U64 = 2**64 - 1


class Abort(Exception):
    """Module and code of a refusal."""


def refuse(unless, place):
    if not unless:
        raise Abort(place)


def u64(x):
    refuse(0 <= x <= U64, "vm arithmetic")
    return x


def quorum(w, n):
    return 3 * w >= 2 * n + 1


def units(size):
    return -(-size // MIB)


def encoded(size, n):
    """contracts.md §6."""
    f = (n - 1) // 3
    p, s = n - 2 * f, n - f
    symbol = -(-max(size, 1) // (p * s))
    symbol += symbol % 2
    return n * ((p + s) * symbol + 64 * n + 32)


# --- §3: votes ---------------------------------------------------------------------------------


def quorum_below(votes, n):
    """Smallest price P such that nodes voting <= P hold a quorum."""
    for price in sorted(v for v, _ in votes):
        if quorum(sum(w for v, w in votes if v <= price), n):
            return price
    return U64 if not votes else max(v for v, _ in votes)


def quorum_above(votes, n):
    """Largest C such that nodes voting >= C hold a quorum."""
    for vote in sorted((v for v, _ in votes), reverse=True):
        if quorum(sum(w for v, w in votes if v >= vote), n):
            return vote
    raise AssertionError("no quorum")


# --- §6: the committee -------------------------------------------------------------------------


def shard_cap(m, n):
    return n // 10 if m >= 20 else -(-20 * n // (10 * m))


def apportion(stakes, n):
    m, total = len(stakes), sum(stakes)
    refuse(total > 0, "staking_inner 3")
    cap, d = shard_cap(m, n), total // (n + 1) + 1
    shards = [min(stake // d, cap) for stake in stakes]
    for _ in range(n - sum(shards)):
        open_ = [i for i in range(m) if shards[i] < cap]
        refuse(open_, "apportionment_queue 0")
        best = max(open_, key=lambda i: ((stakes[i] << 64) // (shards[i] + 1), m - i))
        shards[best] += 1
    return shards


# --- §7: the assignment ------------------------------------------------------------------------


def first_assignment(wanted):
    result, start = {}, 0
    for node, count in sorted(wanted):
        result[node] = list(range(start, start + count))
        start += count
    return result


def transition(old, wanted):
    wanted, pool, result = dict(wanted), [], {}
    refuse(sum(wanted.values()) == sum(map(len, old.values())), "committee 0")
    for node in sorted(old):
        shards = list(old[node])
        count = wanted.pop(node, 0)
        if count == 0:
            pool += shards
        elif count <= len(shards):
            while len(shards) > count:
                pool.append(shards.pop())
            result[node] = shards
        else:
            wanted[node] = count
    for node, count in wanted.items():
        shards = list(old.get(node, []))
        while len(shards) < count:
            shards.append(pool.pop())
        result[node] = shards
    return {node: result[node] for node in sorted(result)}


# --- §5: a pool --------------------------------------------------------------------------------


class Rate:
    """Flat, or so much WAL for so many shares."""

    def __init__(self, wal, shares):
        self.flat = wal == 0 or shares == 0
        refuse(self.flat or shares <= wal, "pool_exchange_rate 0")
        self.wal, self.shares = wal, shares

    def to_shares(self, amount):
        return amount if self.flat else u64(amount * self.shares // self.wal)

    def to_wal(self, shares):
        return shares if self.flat else u64(shares * self.wal // self.shares)

    def show(self):
        return None if self.flat else [self.wal, self.shares]


FLAT = Rate(0, 0)


class Pending:
    """Amounts by epoch, in the order of their first insertion."""

    def __init__(self):
        self.entries = []

    def get(self, epoch):
        return next((e for e in self.entries if e[0] == epoch), None)

    def add(self, epoch, amount):
        entry = self.get(epoch)
        if entry:
            entry[1] = u64(entry[1] + amount)
        else:
            self.entries.append([epoch, amount])

    def set(self, epoch, amount):
        entry = self.get(epoch)
        if entry:
            entry[1] = amount
        else:
            self.entries.append([epoch, amount])

    def until(self, epoch):
        return [e for e in self.entries if e[0] <= epoch]

    def sum(self, epoch):
        return u64(sum(e[1] for e in self.until(epoch)))

    def flush(self, epoch):
        due = self.sum(epoch)
        self.entries = [e for e in self.entries if e[0] > epoch]
        return due

    def show(self):
        return [list(e) for e in self.entries]


class Pool:
    def __init__(self, epoch, activation, commission_rate, votes):
        self.activation, self.latest = activation, epoch
        self.wal = self.shares = self.rewards = self.commission = 0
        self.blocked = None
        self.rate, self.votes = commission_rate, list(votes)
        self.rates = {activation: FLAT}
        self.stake, self.leaving = Pending(), Pending()
        self.pre_active, self.next_rates = Pending(), Pending()

    def rate_at(self, epoch):
        known = [e for e in self.rates if self.activation <= e <= epoch]
        return self.rates[max(known)] if known else FLAT

    def leaving_shares(self, epoch):
        early = sum(self.rate_at(k - 1).to_shares(v) for k, v in self.pre_active.until(epoch))
        return u64(self.leaving.sum(epoch) + early)

    def balance_at(self, epoch):
        going = Rate(self.wal, self.shares).to_wal(self.leaving_shares(epoch))
        return u64(u64(self.wal + self.stake.sum(epoch)) - going)

    def earned(self, principal, activation, withdrawal):
        shares = self.rate_at(activation).to_shares(principal)
        return max(0, self.rate_at(withdrawal).to_wal(shares) - principal)

    def block(self, amount):
        self.blocked = (self.blocked or 0) + amount

    def advance(self, reward, epoch):
        """§4, steps 1 to 5."""
        refuse(self.latest < epoch, "staking_pool 0")
        refuse(reward == 0 or self.wal > 0, "staking_pool 2")
        commission = reward * self.rate // 10_000
        self.commission += commission
        self.block(commission)
        due = self.next_rates.until(epoch)
        if due:
            self.rate = max(due)[1]
            self.next_rates.flush(epoch)
        self.rewards += reward - commission
        self.wal += reward - commission
        self.latest = epoch
        # §5.2, process_pending
        rate = Rate(self.wal, self.shares)
        assert epoch not in self.rates
        self.rates[epoch] = rate
        self.wal += self.stake.flush(epoch)
        going = rate.to_wal(self.leaving_shares(epoch))
        self.pre_active.flush(epoch)
        self.leaving.flush(epoch)
        refuse(self.wal >= going, "staking_pool 1")
        self.wal -= going
        self.shares = rate.to_shares(self.wal)

    def collect(self):
        free = max(0, self.commission - (self.blocked or 0))
        self.commission -= free
        return free

    def show(self):
        return {
            "activation": self.activation,
            "latest": self.latest,
            "wal": self.wal,
            "shares": self.shares,
            "rewards": self.rewards,
            "commission": self.commission,
            "blocked": self.blocked,
            "rate": self.rate,
            "rates": [[e, r.show()] for e, r in sorted(self.rates.items())],
            "stake": self.stake.show(),
            "leaving": self.leaving.show(),
            "pre_active": self.pre_active.show(),
            "next_rates": self.next_rates.show(),
        }


class Stake:
    def __init__(self, node, principal, activation, withdraw=None):
        self.node, self.principal = node, principal
        self.activation, self.withdraw = activation, withdraw


# --- §2, §4, §8: the network -------------------------------------------------------------------


class Network:
    """Nodes are numbers, in the order of their ids. Nobody sells beyond `epochs_max` ahead."""

    ACTIVE_MAX = 150

    def __init__(self, n_shards, epochs_max, supply=5 * 10**9 * WAL):
        self.n, self.supply = n_shards, supply
        self.epoch, self.now = 0, 0
        self.pools, self.active = {}, []
        self.committee, self.previous, self.next = {}, {}, None
        self.phase = ["done", 0]
        self.slots = [{"epoch": e, "used": 0, "rewards": 0} for e in range(epochs_max)]
        self.capacity, self.next_capacity, self.prices = 0, None, [0, 0]
        self.denied = {}
        self.stakes, self.storage, self.blobs, self.storage_pools = {}, {}, {}, {}
        self.subsidies, self.credits = None, None
        self.synced = {}

    # Nodes

    def register(self, node, commission_rate, votes):
        activation = self.epoch + (1 if self.next is not None else 0)
        self.pools[node] = Pool(self.epoch, activation, commission_rate, votes)

    def set_commission(self, node, rate):
        refuse(rate <= 10_000, "staking_pool 14")
        self.pools[node].next_rates.set(self.epoch + 2, rate)

    def vote(self, node, votes):
        self.pools[node].votes = list(votes)

    def update_prices(self):
        votes = [(self.pools[n].votes, len(s)) for n, s in self.committee.items()]
        self.prices = [quorum_below([(v[i], w) for v, w in votes], self.n) for i in (0, 1)]
        return list(self.prices)

    def collect(self, node):
        return self.pools[node].collect()

    def add_commission(self, node, amount):
        refuse(node in self.pools, "dynamic_field 1")
        pool = self.pools[node]
        pool.commission += amount
        if self.phase[0] != "selected":
            pool.block(amount)

    def slash(self, node):
        pool = self.pools[node]
        burned, pool.commission, pool.blocked = pool.commission, 0, None
        self.supply -= burned
        return burned

    def deny(self, node, size):
        self.denied[node] = size

    # The active set, §6

    def refresh(self, node):
        self.enter(node, self.pools[node].balance_at(self.open_epoch()))

    def enter(self, node, stake):
        index = next((i for i, (own, _) in enumerate(self.active) if own == node), None)
        if stake == 0:
            if index is not None:
                last = self.active.pop()
                if index < len(self.active):
                    self.active[index] = last
        elif index is not None:
            self.active[index] = (node, stake)
        elif len(self.active) < self.ACTIVE_MAX:
            self.active.append((node, stake))
        else:
            least = min(s for _, s in self.active)
            if least < stake:
                first = next(i for i, (_, s) in enumerate(self.active) if s == least)
                self.active[first] = (node, stake)

    def try_join(self, node):
        self.refresh(node)

    # Stakes, §5.1

    def open_epoch(self):
        return self.epoch + (2 if self.next is not None else 1)

    def in_next(self, node):
        return self.next is not None and node in self.next

    def stake(self, node, amount, name):
        refuse(node in self.pools, "dynamic_field 1")
        refuse(amount > 0, "staking_pool 7")
        refuse(amount >= WAL, "staked_wal 7")
        self.pools[node].stake.add(self.open_epoch(), amount)
        self.stakes[name] = Stake(node, amount, self.open_epoch())
        self.refresh(node)

    def early(self, stake):
        return stake.withdraw is None and (
            stake.activation == self.epoch + 2
            or (stake.activation == self.epoch + 1 and not self.in_next(stake.node))
        )

    def request(self, name):
        stake = self.stakes[name]
        pool = self.pools[stake.node]
        refuse(stake.withdraw is None, "staking_pool 8")
        refuse(not self.early(stake), "staking_pool 13")
        if stake.activation == self.epoch + 1:
            pool.pre_active.add(self.epoch + 2, stake.principal)
            stake.withdraw = self.epoch + 2
        else:
            if self.in_next(stake.node):
                withdraw = self.epoch + 2
            else:
                refuse(stake.node in self.committee, "staking_pool 13")
                withdraw = self.epoch + 1
            shares = pool.rate_at(stake.activation).to_shares(stake.principal)
            refuse(shares > 0, "staking_pool 18")
            pool.leaving.add(withdraw, shares)
            stake.withdraw = withdraw
        self.refresh(stake.node)
        return stake.withdraw

    def withdraw(self, name):
        stake = self.stakes[name]
        pool = self.pools[stake.node]
        out = stake.node not in self.committee and not self.in_next(stake.node)
        rewards = 0
        if self.early(stake):
            pool.stake.get(stake.activation)[1] -= stake.principal
        elif out and stake.withdraw is None:
            shares = pool.rate_at(stake.activation).to_shares(stake.principal)
            pool.leaving.add(self.epoch, shares)
            rewards = pool.earned(stake.principal, stake.activation, self.epoch)
        else:
            refuse(stake.withdraw is not None, "staking_pool 10")
            refuse(stake.withdraw <= self.epoch, "staking_pool 11")
            refuse(stake.activation <= self.epoch, "staking_pool 12")
            rewards = pool.earned(stake.principal, stake.activation, stake.withdraw)
        rewards = min(rewards, pool.rewards)
        pool.rewards -= rewards
        del self.stakes[name]
        self.refresh(stake.node)
        return stake.principal + rewards

    def split(self, name, amount, part):
        stake = self.stakes[name]
        refuse(stake.principal > amount, "staked_wal 2")
        refuse(min(amount, stake.principal - amount) >= WAL, "staked_wal 7")
        stake.principal -= amount
        self.stakes[part] = Stake(stake.node, amount, stake.activation, stake.withdraw)

    def join(self, name, other):
        one, two = self.stakes[name], self.stakes[other]
        same = (one.node, one.activation, one.withdraw) == (two.node, two.activation, two.withdraw)
        refuse(same, "staked_wal 1")
        one.principal += two.principal
        del self.stakes[other]

    # Storage, §2

    def pay(self, size, first, end):
        """From slot to slot; the whole is undone by the caller's snapshot if it is refused."""
        refuse(end <= len(self.slots), "system_state_inner 2")
        price = u64(self.prices[0] * units(size))
        for slot in self.slots[first:end]:
            slot["rewards"] += price
        return price * (end - first)

    def use(self, size, first, end):
        for slot in self.slots[first:end]:
            slot["used"] += size
            refuse(slot["used"] <= self.capacity, "system_state_inner 1")

    def reserve(self, size, start, end, name):
        start = max(start, self.epoch)
        refuse(end > start, "system_state_inner 2")
        first, last = start - self.epoch, end - self.epoch
        cost = self.pay(size, first, last)
        refuse(size > 0, "system_state_inner 11")
        self.use(size, first, last)
        self.storage[name] = [start, end, size]
        return cost

    def write(self, length):
        cost = u64(self.prices[1] * units(length))
        self.slots[0]["rewards"] += cost
        return cost

    def register_blob(self, storage, size, name):
        start, end, room = self.storage[storage]
        refuse(start <= self.epoch < end, "blob 2")
        length = encoded(size, self.n)
        refuse(length <= room, "blob 3")
        cost = self.write(length)
        self.blobs[name] = {"storage": self.storage.pop(storage), "certified": False}
        return cost

    def certify(self, name):
        refuse(not self.blobs[name]["certified"], "blob 5")
        refuse(self.epoch < self.blobs[name]["storage"][1], "blob 2")
        self.blobs[name]["certified"] = True

    def extend(self, name, epochs):
        blob = self.blobs[name]
        start, end, size = blob["storage"]
        refuse(blob["certified"], "blob 0")
        refuse(self.epoch < end, "blob 2")
        refuse(epochs > 0, "system_state_inner 2")
        first, last = end - self.epoch, end + epochs - self.epoch
        cost = self.pay(size, first, last)
        self.use(size, first, last)
        blob["storage"] = [start, end + epochs, size]
        return cost

    def create_pool(self, size, epochs, name):
        refuse(0 < epochs <= len(self.slots), "system_state_inner 2")
        cost = self.reserve(size, self.epoch, self.epoch + epochs, name)
        self.storage_pools[name] = self.storage.pop(name) + [0]
        return cost

    def pool_blob(self, pool, size):
        entry = self.storage_pools[pool]
        refuse(entry[0] <= self.epoch < entry[1], "system_state_inner 2")
        length = encoded(size, self.n)
        refuse(entry[3] + length <= entry[2], "storage_pool 6")
        entry[3] += length
        return self.write(length)

    def grow_pool(self, pool, more):
        entry = self.storage_pools[pool]
        refuse(more > 0, "system_state_inner 11")
        refuse(entry[1] > self.epoch, "system_state_inner 2")
        cost = self.pay(more, 0, entry[1] - self.epoch)
        self.use(more, 0, entry[1] - self.epoch)
        entry[2] += more
        return cost

    def extend_pool(self, pool, epochs):
        entry = self.storage_pools[pool]
        refuse(epochs > 0 and entry[1] > self.epoch, "system_state_inner 2")
        first, last = entry[1] - self.epoch, entry[1] + epochs - self.epoch
        cost = self.pay(entry[2], first, last)
        self.use(entry[2], first, last)
        entry[1] += epochs
        return cost

    def add_subsidy(self, amount, epochs):
        refuse(0 < epochs <= len(self.slots), "system_state_inner 2")
        for slot in self.slots[:epochs]:
            slot["rewards"] += amount // epochs
        self.slots[0]["rewards"] += amount % epochs

    # Subsidies, §8.2 and §8.3

    def new_subsidies(self, rate, base, per_shard):
        self.subsidies = {
            "pool": 0,
            "rate": rate,
            "base": base,
            "per_shard": per_shard,
            "latest": max(self.epoch, 1) - 1,
            "already": [[s["epoch"], s["rewards"]] for s in self.slots],
        }

    def fund_subsidies(self, amount):
        self.subsidies["pool"] += amount

    def process_subsidies(self):
        sub = self.subsidies

        def pay(amount):
            refuse(amount <= sub["pool"], "walrus_subsidies_inner 1")
            sub["pool"] -= amount
            return amount

        if self.epoch > 0 and sub["latest"] < self.epoch - 1:
            for node, shards in self.previous.items():
                self.add_commission(node, pay(sub["base"] + len(shards) * sub["per_shard"]))
            sub["latest"] = self.epoch - 1
        already = sub["already"]
        while already[0][0] < self.slots[0]["epoch"]:
            already.append([already[-1][0] + 1, 0])
            already.pop(0)
        parts = []
        for slot, entry in zip(self.slots, already):
            part = pay((slot["rewards"] - entry[1]) * sub["rate"] // 10_000)
            entry[1] = slot["rewards"] + part
            parts.append(part)
        for slot, part in zip(self.slots, parts):
            slot["rewards"] += part

    def new_credits(self, buyer, system, funds):
        refuse(buyer <= 10_000 and system <= 10_000, "subsidies 0")
        self.credits = {"pool": funds, "buyer": buyer, "system": system}

    def credits_reserve(self, size, epochs, name):
        refuse(0 < epochs <= len(self.slots), "system_state_inner 2")
        pool = self.credits["pool"]
        cost = self.reserve(size, self.epoch, self.epoch + epochs, name)
        return self.credit(pool, cost, epochs)

    def credits_extend(self, name, epochs):
        pool = self.credits["pool"]
        return self.credit(pool, self.extend(name, epochs), epochs)

    def credit(self, pool, cost, epochs):
        if pool == 0:
            return cost
        buyer, system = self.credits["buyer"], self.credits["system"]
        b, s = cost * buyer // 10_000, cost * system // 10_000
        if b + s > pool:
            b, s = pool * buyer // (buyer + system), pool * system // (buyer + system)
        self.credits["pool"] -= b + s
        self.add_subsidy(s, epochs)
        return cost - b

    # Epochs, §8.1

    def wait(self, ms):
        self.now += ms

    def voting_end(self):
        refuse(self.phase[0] == "done", "staking_inner 0")
        since = self.phase[1]
        refuse(self.epoch == 0 or self.now >= since + DAY // 2, "staking_inner 0")
        for node in self.previous:
            self.pools[node].blocked = None
        counts = apportion([stake for _, stake in self.active], self.n)
        wanted = [(node, c) for (node, _), c in zip(self.active, counts) if c > 0]
        self.next = transition(self.committee, wanted) if self.committee else first_assignment(wanted)
        votes = [
            (min(self.pools[n].votes[2] * self.n // len(s), U64), len(s)) for n, s in self.next.items()
        ]
        self.next_capacity = quorum_above(votes, self.n)
        self.phase = ["selected", since]

    def change_epoch(self):
        refuse(self.next is not None, "staking_inner 6")
        since = self.phase[1]
        refuse(self.epoch == 0 or self.now >= since + DAY, "staking_inner 0")
        # §4
        r0 = self.slots[0]["rewards"]
        burned = r0 * 3 // 100
        self.supply -= burned
        r, used = r0 - burned, self.slots[0]["used"]
        old = self.committee
        s = {n: len(sh) * (used - min(self.denied.get(n, 0), used)) for n, sh in old.items()}
        total = max(1, sum(s.values()))
        rewards = {n: x * r // total for n, x in s.items()}
        last = self.slots[-1]["epoch"]
        self.slots = self.slots[1:] + [{"epoch": last + 1, "used": 0, "rewards": 0}]
        self.slots[0]["rewards"] += r - sum(rewards.values())
        self.capacity = max(self.next_capacity, self.slots[0]["used"])
        # contracts.md §4.8, step 4
        self.epoch += 1
        self.previous, self.committee, self.next = old, self.next, None
        self.phase = ["sync", 0]
        for node in sorted(rewards):
            self.pools[node].advance(rewards[node], self.epoch)
            self.refresh(node)
        for node in sorted(set(self.committee) - set(old)):
            self.pools[node].advance(0, self.epoch)
            self.refresh(node)
        self.update_prices()
        return [burned, [[n, rewards[n]] for n in sorted(rewards)], r - sum(rewards.values())]

    def sync(self, node):
        refuse(self.synced.get(node, 0) < self.epoch, "staking_inner 2")
        refuse(node in self.committee, "staking_inner 4")
        self.synced[node] = self.epoch
        if self.phase[0] == "sync":
            weight = self.phase[1] + len(self.committee[node])
            self.phase = ["done", self.now] if quorum(weight, self.n) else ["sync", weight]

    def show(self):
        def committee(c):
            return None if c is None else [[n, s] for n, s in c.items()]

        return {
            "epoch": self.epoch,
            "phase": list(self.phase),
            "supply": self.supply,
            "prices": list(self.prices),
            "capacity": self.capacity,
            "used": self.slots[0]["used"],
            "slots": [[s["epoch"], s["used"], s["rewards"]] for s in self.slots],
            "active": [list(entry) for entry in self.active],
            "committee": committee(self.committee),
            "previous": committee(self.previous),
            "next": committee(self.next),
            "pools": [[node, pool.show()] for node, pool in sorted(self.pools.items())],
            "subsidies": self.subsidies
            and {k: self.subsidies[k] for k in ("pool", "latest", "already")},
            "credits": self.credits and self.credits["pool"],
        }


def check():
    """The numbers that the specification works out."""
    below = lambda w: quorum_below(list(zip(range(1, 11), w)), 50)
    assert below([5, 5, 4, 6, 3, 7, 4, 6, 1, 9]) == 7
    assert below([5, 5, 4, 6, 3, 7, 1, 1, 1, 17]) == 10
    assert quorum_above(list(zip(range(1, 11), [5, 5, 4, 6, 3, 7, 2, 8, 1, 9])), 50) == 4
    sizes = {0: 63, 1: 63, 10**6: 67, MIB: 67, 10 * MIB: 107, 100 * MIB: 512, 1 << 30: 4663}
    assert all(units(encoded(size, 1000)) == count for size, count in sizes.items())
    assert encoded(1 << 30, 1000) == 4_888_852_000
    assert encoded(14_599_533_452, 1000) == 65_663_566_000
    assert [shard_cap(m, 1000) for m in (1, 3, 4, 10, 19, 20)] == [2000, 667, 500, 200, 106, 100]
    assert apportion([4000, 2000, 1000], 10) == [6, 3, 1]
    assert apportion([25_000] * 4, 7) == [2, 2, 2, 1]
    assert apportion([780, 650, 520, 390, 260], 18) == [6, 5, 4, 2, 1]
    stakes = [50_000, 50_000, 30_000, 15_000, 15_000, 5_000]
    assert apportion(stakes, 777) == [236, 236, 142, 70, 70, 23]
    assert apportion([600, 100, 200, 100], 1000) == [500, 125, 250, 125]
    assert apportion([20] * 5 + [200] + [20] * 15, 1000) == [45] * 5 + [100] + [45] * 15
    assert apportion([10**6, 10**6 - 1], 3) == [2, 1]
    assert apportion([10**15] + [10**12] * 29, 1000) == [100, 32] + [31] * 28
    one = first_assignment([(3, 3), (1, 4), (2, 3)])
    two = transition(one, [(3, 2), (2, 4), (4, 4)])
    assert two == {2: [4, 5, 6, 0], 3: [7, 8], 4: [9, 3, 2, 1]}
    assert transition(two, [(2, 3), (1, 3), (3, 4)]) == {1: [1, 2, 3], 2: [4, 5, 6], 3: [7, 8, 9, 0]}
    four = {0: [0, 1], 1: [2, 3], 2: [4, 5], 3: [6, 7]}
    assert transition(four, [(3, 4), (2, 4)]) == {2: [4, 5, 3, 2], 3: [6, 7, 1, 0]}
    worked_example()


def worked_example():
    """§5.3."""
    net = Network(10, 5)
    net.register(0, 1000, [1, 1, 1])
    pool = net.pools[0]
    numbers = lambda: (pool.wal, pool.shares, pool.rewards, pool.commission)

    def advance(reward, selected=None, member=True):
        net.epoch, net.next = net.epoch + 1, selected
        net.committee = {0: [0]} if member else {}
        pool.advance(reward, net.epoch)
        return numbers()

    net.stake(0, 1000 * WAL, "alice")
    net.stake(0, 500 * WAL, "bob")
    assert advance(0) == (1500 * WAL, 1500 * WAL, 0, 0)
    net.stake(0, 300 * WAL, "carol")
    assert advance(100000000007) == (1890000000007, 1783018867923, 90000000007, 10000000000)
    assert pool.rates[2].show() == [1590000000007, 1500000000000]
    net.stake(0, 50 * WAL, "erin")
    net.next = {0: [0]}
    net.stake(0, 200 * WAL, "dave")
    assert [net.request("bob"), net.request("erin")] == [4, 4]
    assert pool.balance_at(4) == 1560000000006
    assert advance(33333333333) == (1970000000007, 1829451650941, 120000000007, 13333333333)
    assert pool.balance_at(4) == 1581587301593
    assert advance(11000000011) == (1588530303775, 1467821297432, 129900000017, 14433333334)
    assert [net.withdraw("bob"), net.withdraw("erin")] == [541118427207, 50251269035]
    assert pool.rewards == 88530303775
    net.committee = {}
    assert net.withdraw("alice") == 1082236854414
    assert pool.rewards == 6293449361 and pool.balance_at(5) == 506293449361
    assert pool.earned(300 * WAL, 2, 4) == 6293449360
    net.epoch = 5
    assert advance(0) == (506293449361, 467821297432, 6293449361, 14433333334)
    # §4
    w, used, denied, r0 = (400, 350, 250), 10**12, (0, 0, 2 * 10**11), 10**12
    r = r0 - r0 * 3 // 100
    s = [a * (used - min(d, used)) for a, d in zip(w, denied)]
    paid = [x * r // sum(s) for x in s]
    assert paid == [408421052631, 357368421052, 204210526315] and r - sum(paid) == 2


if __name__ == "__main__":
    check()
    print("the model equals the specification's numbers")
