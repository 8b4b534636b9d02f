"""One client of the crash test: it alone writes its records, knows what each must be, and what it asked last without an answer.

So it stays decidable: a record is as its last acknowledged write left it, or, where one more write was in flight, wholly as that would leave it.
"""
import itertools
from dataclasses import dataclass, field, replace

from connection import Connection, Lost


@dataclass
class Record:
    plural: str
    name: object
    trashed: bool = False
    site: str | None = None  # an account's unique value
    amount: float | None = None  # from here on: an opportunity's
    stage: str | None = None
    account: str | None = None
    champions: frozenset = frozenset()
    wholes: frozenset = frozenset()  # the account that has it as a part, if any; in the trash too

    def ends(self):
        return self.champions | self.wholes | ({self.account} if self.account else set())


@dataclass
class Attempt:
    """One write: what is sent, and what it makes of its record and of others."""
    method: str
    path: str
    body: dict | None
    after: Record
    id: str | None = None  # None: a create, whose name nobody else has
    key: str | None = None
    refused: bool = False  # 409 is right: the unique value is taken
    others: dict = field(default_factory=dict)  # id → Record

    def outcome(self):
        return {self.id: self.after, **self.others}


@dataclass
class Worker:
    number: int
    choose: object  # random.Random
    stages: list  # ids of options
    records: dict = field(default_factory=dict)  # id → Record
    exact: dict = field(default_factory=dict)  # id → the bytes of its newest answer, while nothing else can have changed them
    kept: dict = field(default_factory=dict)  # idempotency key → (method, path, bytes)
    kept_now: set = field(default_factory=set)  # those of this round
    touched: set = field(default_factory=set)
    in_flight: Attempt | None = None
    failure: BaseException | None = None
    acknowledged: int = 0
    looked: int = 0
    unavailable: list = field(default_factory=list)  # attempts that got 503 in this round: nothing of them may be there
    recovered: bool = False  # a write succeeded after a 503
    names: object = field(default_factory=itertools.count)

    def hammer(self, port, key, count, told):
        """Writes `count` times, or until the connection is lost. `told` is called after each acknowledged write."""
        try:
            connection = Connection(port, key)
            for _ in range(count):
                if self.records and self.choose.random() < 0.3:
                    self.look(connection, self.choose.choice(list(self.records)))
                self.in_flight = self.next_attempt()
                self.take(self.in_flight, self.send(connection, self.in_flight), told)
                self.in_flight = None
            connection.close()
        except Lost:
            pass
        except BaseException as failure:
            self.failure = failure

    def look(self, connection, id):
        """Reads one of its records in the midst of everybody's writes: it sees its own."""
        record = self.records[id]
        answer = connection.send("GET", f"/v1/{record.plural}/{id}")
        if answer.status == 503:
            return
        assert answer.status == (404 if record.trashed else 200), (record, answer)
        assert id not in self.exact or answer.raw == self.exact[id], (record, answer)
        self.looked += 1

    @staticmethod
    def send(connection, attempt):
        return connection.send(attempt.method, attempt.path, attempt.body, attempt.key)

    def take(self, attempt, answer, told):
        if answer.status == 503:
            self.unavailable.append(attempt)
            if attempt.id:
                self.touched.add(attempt.id)
            return
        assert answer.status == (409 if attempt.refused else 200), (attempt, answer)
        if attempt.refused:
            return
        self.acknowledged += 1
        self.recovered |= bool(self.unavailable)
        self.adopt(attempt, answer)
        told()

    def adopt(self, attempt, answer=None):
        """The write is there; `answer` is what it was answered, where it was."""
        attempt.id = attempt.id or answer.json["id"]
        for id, after in attempt.outcome().items():
            before = self.records.get(id, after)
            self.records[id] = after
            self.touched.add(id)
            # What shows this record, or is shown by it, has another answer now.
            for shown in {id} | before.ends() | after.ends() | {other for other, record in self.records.items() if id in record.ends()}:
                self.exact.pop(shown, None)
        if answer and not attempt.after.trashed:
            self.exact[attempt.id] = answer.raw
        if answer and attempt.key:
            self.kept[attempt.key] = (attempt.method, attempt.path, answer.raw)
            self.kept_now.add(attempt.key)

    def live(self, plural):
        return [id for id, record in self.records.items() if record.plural == plural and not record.trashed]

    def fresh_name(self, plural):
        name = f"w{self.number}n{next(self.names)}"
        return {"firstName": "Con", "lastName": name} if plural == "contacts" else name

    def next_attempt(self):
        accounts, contacts, deals = self.live("accounts"), self.live("contacts"), self.live("opportunities")
        kinds = ["account", "contact", "deal", "update", "links", "rename", "gather", "move"]
        kind = self.choose.choices(kinds, [2, 2, 4, 5, 4, 2, 3, 4])[0]
        if kind == "account" or not accounts:
            attempt = self.create_account()
        elif kind == "contact" or not contacts:
            attempt = self.create(Record("contacts", self.fresh_name("contacts")), {})
        elif kind == "deal" or not deals:
            champions = frozenset(self.choose.sample(contacts, min(len(contacts), self.choose.randrange(4))))
            record = Record("opportunities", self.fresh_name("opportunities"), amount=self.choose.choice([None, 10, 25.5, 70]), stage=self.choose.choice(self.stages),
                            account=self.choose.choice(accounts), champions=champions)
            attempt = self.create(record, {"$account": record.account, "$champion": sorted(champions)})
        elif kind == "rename":
            attempt = self.rename_account(self.choose.choice(accounts))
        elif kind == "gather":
            attempt = self.gather(self.choose.choice(accounts), deals)
        elif kind == "move":
            attempt = self.move(self.choose.choice(list(self.records)))
        else:
            attempt = self.update(self.choose.choice(deals), accounts, contacts, kind == "links")
        if self.choose.random() < 0.4:
            attempt.key = f"w{self.number}k{next(self.names)}"
        return attempt

    def fields_of(self, record):
        if record.plural == "accounts":
            return {"$name": record.name, "$website": [record.site] if record.site else None}
        if record.plural == "contacts":
            return {"$name": record.name}
        return {"$name": record.name, "$amount": record.amount, "$stage": record.stage}

    def create(self, record, relationships):
        body = {"fields": self.fields_of(record)}
        if relationships:
            body["relationships"] = relationships
        return Attempt("POST", f"/v1/{record.plural}", body, record)

    def taken(self, site, but=None):
        return site is not None and any(record.site == site and not record.trashed for id, record in self.records.items() if id != but)

    def create_account(self):
        attempt = self.create(Record("accounts", self.fresh_name("accounts"), site=self.any_site()), {})
        attempt.refused = self.taken(attempt.after.site)
        return attempt

    def any_site(self):
        return self.choose.choice([None, f"https://w{self.number}s{self.choose.randrange(12)}.example"])

    def rename_account(self, id):
        after = replace(self.records[id], name=self.fresh_name("accounts"), site=self.any_site())
        return Attempt("POST", f"/v1/accounts/{id}", {"fields": self.fields_of(after)}, after, id, refused=self.taken(after.site, but=id))

    def move(self, id):
        record = self.records[id]
        after = replace(record, trashed=not record.trashed)
        if after.trashed:
            return Attempt("DELETE", f"/v1/{record.plural}/{id}", None, after, id)
        return Attempt("POST", f"/v1/{record.plural}/{id}/restore", None, after, id, refused=self.taken(record.site, but=id))

    def gather(self, id, deals):
        """Takes parts from whoever has them, from the trash too: one write, several records' relationships."""
        after = replace(self.records[id], name=self.fresh_name("accounts"))
        parts = self.choose.sample(deals, min(len(deals), 3))
        others = {part: replace(self.records[part], wholes=frozenset({id})) for part in parts}
        body = {"fields": {"$name": after.name}, "relationships": {"parts": {"add": parts}}}
        return Attempt("POST", f"/v1/accounts/{id}", body, after, id, others=others)

    def update(self, id, accounts, contacts, links):
        before = self.records[id]
        after = replace(before, name=self.fresh_name("opportunities"), amount=self.choose.choice([None, 10, 25.5, 70]), stage=self.choose.choice(self.stages))
        body = {"fields": self.fields_of(after)}
        if links:
            add = set(self.choose.sample(contacts, min(len(contacts), 3)))
            remove = {other for other in before.champions if not self.records[other].trashed} - add
            after = replace(after, account=self.choose.choice(accounts), champions=(before.champions | add) - remove)
            operations = {name: sorted(ids) for name, ids in (("add", add), ("remove", remove)) if ids}
            body["relationships"] = {"$account": {"replace": after.account}} | ({"$champion": operations} if operations else {})
        return Attempt("POST", f"/v1/opportunities/{id}", body, after, id)
