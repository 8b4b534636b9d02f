"""The stages of a run: Plenoptic by size beside nginx and PostgreSQL, and Plenoptic beside what people would run instead."""
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench import scenarios
from bench.data import Sizes
from bench.machine import note
from bench.peers import Absent, directus, pocketbase
from bench.peers.nginx import Nginx
from bench.peers.postgres import Cluster, Raw
from bench.plenoptic import Server, copy_of, data_set
from bench.scenarios import Contender, compare, own_name

PEERS = ("nginx", "postgres", "pocketbase", "directus")


@dataclass
class Plan:
    """What this run measures, and where."""
    rows: int
    peer_rows: int
    rounds: int
    seconds: int
    mixed_seconds: int
    peers: set
    only: set  # empty: everything
    scratch: Path
    kept: Path | None
    absent: list = field(default_factory=list)  # why a peer is not there

    def wants(self, *names):
        return not self.only or bool(self.only & set(names))

    def compare(self, what, scenario, contenders, connections):
        return compare(what, scenario, contenders, self.rounds, self.seconds, connections)


def growth_sizes(rows):
    """Each a tenth of the next, down to what still means something."""
    return [size for size in (rows // 100, rows // 10, rows) if size >= 500] or [rows]


class Yardsticks:
    """nginx with this server's bytes, and PostgreSQL with as many rows; started when the first scenario asks."""

    def __init__(self, plan, stack, server, sizes):
        self.plan, self.stack, self.server, self.sizes = plan, stack, server, sizes
        self._nginx = self._raw = None

    def for_scenario(self, scenario):
        found = []
        if scenario == "retrieve" and "nginx" in self.plan.peers:
            if not self._nginx:
                self._nginx = Nginx(self.plan.scratch / "nginx", scenarios.json_of_first(self.server), self.server.ids("opportunities"))
                self.stack.callback(self._nginx.stop)
            found.append(Contender("nginx", self._nginx.drive))
        if scenario in ("retrieve", "update", "create") and "postgres" in self.plan.peers:
            if not self._raw:
                cluster = Cluster(self.plan.scratch / "postgres")
                self.stack.callback(cluster.stop)
                self._raw = Raw(cluster, self.sizes)
            for clients in (32, 64):
                found.append(Contender(f"PostgreSQL, {clients} clients", lambda scenario, seconds, _, seed, clients=clients: self._raw.drive(scenario, seconds, clients, seed), tidy=self._raw.tidy))
        return found


def by_size(plan, results):
    """Every scenario on data sets of growing size, round by round beside nginx and PostgreSQL on the largest. Fills `results` as it goes."""
    results |= {"scenarios": {}, "growth": {}, "sizes": growth_sizes(plan.rows)}
    largest = Sizes.of_workspace(plan.rows)
    directories = {}
    for rows in results["sizes"]:
        note(f"a workspace of {Sizes.of_workspace(rows).records:,} records ({rows:,} opportunities)")
        directories[rows] = data_set(plan.kept, plan.scratch, Sizes.of_workspace(rows))
    # Creates make a small data set a large one: they get copies that nothing else was measured on.
    untouched = {rows: copy_of(directory, directory.with_name(directory.name + "-untouched")) for rows, directory in directories.items() if rows < plan.rows and plan.wants("create", "growth")}
    if plan.wants("start", "memory"):
        results["start"] = scenarios.start_up(directories[plan.rows])
    if plan.wants("disk"):
        results["disk"] = scenarios.size_on_disk(directories[plan.rows], largest)
    with ExitStack() as stack:
        servers = {rows: Server(directory).wait_until_ready() for rows, directory in directories.items()}
        for server in servers.values():
            stack.callback(server.stop)
        results["answer_bytes"] = len(scenarios.json_of_first(servers[plan.rows]))
        yardsticks = Yardsticks(plan, stack, servers[plan.rows], largest)
        for scenario, connections in scenarios.ON_EVERY_SIZE.items():
            if scenario == "create" and plan.wants("mixed", "memory"):
                results["mixed"] = scenarios.mixed(servers[plan.rows], plan.mixed_seconds)
                results["memory_mib"] = servers[plan.rows].memory_mib()
            if plan.wants(scenario, "growth"):
                _measure(plan, results, scenario, connections, servers, yardsticks, untouched)
        if plan.wants("overload"):
            results["overload"] = scenarios.flood(servers[plan.rows])
    if plan.wants("disk"):
        results["idempotency"] = scenarios.idempotency_size(directories[plan.rows], min(5000, plan.rows))


def _contender(name, server):
    return Contender(name, server.drive, server.process.pid, server.settle_after_writes)


def _measure(plan, results, scenario, connections, servers, yardsticks, untouched):
    if scenario == "offset":
        def asking(server, page):
            return lambda _, *rest, **named: server.drive(page, *rest, **named)

        pages = [Contender(own_name(rows, page), asking(server, page), server.process.pid) for rows, server in servers.items() for page in ("first_page", "far_page")]
        results["scenarios"]["offset"] = plan.compare("offset", scenario, pages, connections)
        return
    if scenario == "retrieve":
        for server in servers.values():
            server.read_all_once()
    own = [Contender(own_name(rows), scenarios.OnFreshCopies(untouched[rows]).drive) if scenario == "create" and rows in untouched else _contender(own_name(rows), server)
           for rows, server in servers.items()]
    beside = yardsticks.for_scenario(scenario)
    if not beside or scenario not in scenarios.WRITES:
        results["scenarios"][scenario] = plan.compare(scenario, scenario, beside + own, connections)
        return
    # What PostgreSQL leaves to the disk would fall to the turn that comes next, and that is the smallest size's.
    results["growth"][scenario] = plan.compare(f"{scenario}, by size", scenario, own, connections)
    results["scenarios"][scenario] = plan.compare(f"{scenario}, beside PostgreSQL", scenario, beside + own[-1:], connections)


def beside_peers(plan, results):
    """The same rows and fields in Plenoptic, PocketBase and Directus, round by round. Fills `results` as it goes."""
    sizes = Sizes.beside_peers(plan.peer_rows)
    results |= {"scenarios": {}, "versions": {}}
    with ExitStack() as stack:
        contenders = []
        for name, make in (("pocketbase", _pocketbase), ("directus", _directus)):
            if name in plan.peers:
                try:
                    contenders += make(plan, stack, sizes, results["versions"])
                except Absent as reason:
                    note(f"NOT MEASURED: {reason}")
                    plan.absent.append(str(reason))
        if not contenders:
            return
        note(f"the same rows in Plenoptic ({sizes.records:,} records)")
        server = Server(data_set(plan.kept, plan.scratch, sizes)).wait_until_ready()
        stack.callback(server.stop)
        contenders.insert(0, _contender("Plenoptic", server))
        for scenario, connections in scenarios.BESIDE_PEERS.items():
            if plan.wants(scenario):
                results["scenarios"][scenario] = plan.compare(f"{scenario}, beside peers", scenario, contenders, connections)


def _pocketbase(plan, stack, sizes, versions):
    program, version, go_version = pocketbase.install()
    versions["PocketBase"] = f"{version} ({go_version})"
    instances = {best: pocketbase.PocketBase(plan.scratch / f"pocketbase-{best}", program, sizes, best) for best in (False, True)}
    for instance in instances.values():
        stack.callback(instance.stop)

    def contender(name, best, token):
        instance = instances[best]
        return Contender(name, lambda *rest, **named: instance.drive(*rest, **named, token=token), instance.process.pid)

    return [contender("PocketBase, defaults", False, True), contender("PocketBase, best, token", True, True), contender("PocketBase, best, public", True, False)]


def _directus(plan, stack, sizes, versions):
    command, version, node = directus.install()
    versions["Directus"] = f"{version} (Node {node})"
    cluster = Cluster(plan.scratch / "postgres-of-directus")
    stack.callback(cluster.stop)
    stores = {best: directus.Store(plan.scratch / f"directus-{best}", command, cluster, sizes, best) for best in (False, True)}
    found = []
    for name, best, settings in (("Directus, defaults", False, {}), ("Directus, best", True, {}), ("Directus, best, cache", True, directus.CACHE)):
        instance = directus.Directus(stores[best], settings)
        stack.callback(instance.stop)
        found.append(Contender(name, instance.drive, instance.process.pid, partial(cluster.tidy, stores[best].database)))
    return found
