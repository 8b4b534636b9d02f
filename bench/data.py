"""The rows that everything is measured on: seeded, any size, made one at a time.

A row is a plain dict in no system's terms; links are numbers of other rows. Whoever stores it (Plenoptic's API, a peer's tables) says how.
"""
import math
import random
from dataclasses import dataclass

SEED = 20261
MEMBERS = 20
STAGES = ["Lead", "Qualification", "Demo", "Trial", "Proposal", "Won", "Lost"]
TIERS = ["Gold", "Silver", "Bronze"]
SEGMENTS = ["Enterprise", "Mid-market", "Small business"]
SENIORITIES = ["Executive", "Director", "Manager", "Staff"]
STATUSES = ["To do", "In progress", "Complete"]
ADJECTIVES = ["Amber", "Northern", "Silent", "Golden", "Rapid", "Urban", "Coastal", "Lunar", "Prime", "Verdant"]
NOUNS = ["Harbour", "Logistics", "Foundry", "Robotics", "Textiles", "Analytics", "Orchards", "Shipping", "Optics", "Energy"]
FIRST = ["Ada", "Marcus", "Sofia", "Yuki", "Ines", "Omar", "Lena", "Pavel", "Ruth", "Diego"]
LAST = ["Okafor", "Lindqvist", "Marchetti", "Nakamura", "Herrera", "Novak", "Haddad", "Keller", "Osei", "Duarte"]
DEALS = ["renewal", "expansion", "pilot", "licence", "migration"]
STEPS = ["Send the proposal", "Call the champion", "Agree on a date for the pilot", "Wait for legal"]
RIVALS = ["Incumbent", "In-house tool", "Spreadsheet", "Nobody known"]

# The 12 custom fields: object, key, label, value type, options.
CUSTOM_FIELDS = [
    ("opportunity", "tier", "Tier", "SINGLE_SELECT", TIERS),
    ("opportunity", "score", "Score", "NUMBER", None),
    ("opportunity", "forecast", "Forecast", "CURRENCY", None),
    ("opportunity", "competitor", "Competitor", "TEXT", None),
    ("opportunity", "isRenewal", "Renewal", "CHECKBOX", None),
    ("opportunity", "trialEndsAt", "Trial ends", "DATETIME", None),
    ("account", "segment", "Segment", "SINGLE_SELECT", SEGMENTS),
    ("account", "healthScore", "Health", "NUMBER", None),
    ("account", "region", "Region", "TEXT", None),
    ("contact", "seniority", "Seniority", "SINGLE_SELECT", SENIORITIES),
    ("contact", "newsletter", "Newsletter", "CHECKBOX", None),
    ("contact", "lastMetAt", "Last met", "DATETIME", None),
]


@dataclass(frozen=True)
class Sizes:
    opportunities: int
    accounts: int
    contacts: int
    tasks: int

    @staticmethod
    def of_workspace(rows):
        """The proportions of issue 4: 1 M opportunities come with 100 k accounts, 200 k contacts and 1 M tasks."""
        return Sizes(rows, max(rows // 10, 10), max(rows // 5, 10), rows)

    @staticmethod
    def beside_peers(rows):
        """As many contacts as opportunities: peers are searched over `rows` rows of each."""
        return Sizes(rows, max(rows // 10, 10), rows, rows)

    @property
    def records(self):
        return self.opportunities + self.accounts + self.contacts + self.tasks

    @property
    def name(self):
        return f"{self.opportunities}-{self.accounts}-{self.contacts}-{self.tasks}"


def searched_digits(contacts):
    """How many digits of its number a search for a name has, so that about a hundred records match at every size."""
    return max(0, round(math.log10(contacts / 2000)))


def company(number):
    return f"{ADJECTIVES[number % 10]} {NOUNS[number // 10 % 10]} {number}"


def moment(pick):
    return f"202{pick.randrange(5, 8)}-{pick.randrange(1, 13):02}-{pick.randrange(1, 29):02}T{pick.randrange(24):02}:00:00.000Z"


def accounts(sizes):
    pick = random.Random(SEED + 1)
    for number in range(sizes.accounts):
        yield {"name": company(number), "website": f"https://www.company-{number}.example", "segment": pick.choice(SEGMENTS), "healthScore": pick.randrange(101),
               "region": pick.choice(["North", "South", "East", "West"]), "owner": pick.randrange(MEMBERS)}


def contacts(sizes):
    pick = random.Random(SEED + 2)
    for number in range(sizes.contacts):
        first, last, account = pick.choice(FIRST), pick.choice(LAST), pick.randrange(sizes.accounts)
        yield {"first": first, "last": last, "email": f"{first.lower()}.{last.lower()}{number}@company-{account}.example", "title": pick.choice(["Buyer", "Engineer", "Controller"]),
               "seniority": pick.choice(SENIORITIES), "newsletter": pick.random() < 0.5, "lastMetAt": moment(pick), "account": account, "owner": pick.randrange(MEMBERS)}


def opportunities(sizes):
    pick = random.Random(SEED + 3)
    for _ in range(sizes.opportunities):
        account, amount = pick.randrange(sizes.accounts), pick.randrange(100_000)
        yield {"name": f"{company(account)} {pick.choice(DEALS)}", "stage": pick.choice(STAGES), "amount": amount, "closeDate": moment(pick), "nextStep": pick.choice(STEPS),
               "tier": pick.choice(TIERS), "score": pick.randrange(101), "forecast": amount * 3 // 4, "competitor": pick.choice(RIVALS), "isRenewal": pick.random() < 0.3,
               "trialEndsAt": moment(pick), "account": account, "owner": pick.randrange(MEMBERS), "champion": pick.randrange(sizes.contacts)}


def tasks(sizes):
    pick = random.Random(SEED + 4)
    for number in range(sizes.tasks):
        yield {"title": f"Task {number}: {pick.choice(STEPS).lower()}", "status": pick.choice(STATUSES), "dueAt": moment(pick), "account": pick.randrange(sizes.accounts),
               "opportunity": pick.randrange(sizes.opportunities), "assignedTo": pick.randrange(MEMBERS)}
