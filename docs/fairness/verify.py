#!/usr/bin/env python3
"""Checks a draw of Fast Pass. Written apart from the program, with nothing but Python's standard library.

    python3 verify.py https://tickets.example/api/v1/queues/<queueId>
    python3 verify.py draw.json

The file holds {"draw": <what GET .../draw answers>, "entries": [ticketIds, the first place first]}.
Exit code 0: the order is the one that was committed to; 1: it is not, and each line says what is wrong;
2: there was nothing to check. See ../fairness.md.
"""
import hashlib
import hmac
import json
import re
import sys
import urllib.error
import urllib.request

ALGORITHM = "fastpass-draw-1"
TICKET = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
HASH = re.compile(r"[0-9a-f]{64}\Z")


def sha256(data):
    return hashlib.sha256(data).digest()


def merkle_root(leaves):
    """RFC 9162, 2.1.1: split at the greatest power of two below the size."""
    size = len(leaves)
    if size == 0:
        return sha256(b"")
    if size == 1:
        return sha256(b"\x00" + leaves[0])
    split = 1 << ((size - 1).bit_length() - 1)
    return sha256(b"\x01" + merkle_root(leaves[:split]) + merkle_root(leaves[split:]))


def macs_of(key, tickets):
    return [hmac.new(key, ticket.encode(), hashlib.sha256).digest() for ticket in tickets]


def is_text(beacon, name):
    """A text, or null."""
    return name in beacon and (beacon[name] is None or isinstance(beacon[name], str))


def check_form(draw):
    if not isinstance(draw, dict):
        return "this is no draw"
    if draw.get("algorithm") != ALGORITHM:
        return f"the algorithm is {draw.get('algorithm')}, this checks {ALGORITHM}"
    if draw.get("root") is None:
        return "the list is not fixed yet: the lobby has not closed"
    if draw.get("seed") is None:
        return "the seed is not published yet: the draw is being made"
    for name in ("commitment", "root", "seed"):
        if not isinstance(draw.get(name), str) or not HASH.match(draw[name]):
            return f"the {name} is not 64 hexadecimal digits"
    counts, beacon = draw.get("counts"), draw.get("beacon")
    if not isinstance(counts, dict) or type(counts.get("entries")) is not int:
        return "the number of entries is not a whole number"
    if beacon is not None and not (isinstance(beacon, dict) and is_text(beacon, "before") and is_text(beacon, "value")):
        return "the public value does not have the documented form"
    return None


def check_list(tickets, entries):
    seen = set()
    for place, ticket in enumerate(tickets, 1):
        if not isinstance(ticket, str) or not TICKET.match(ticket):
            return f"place {place} has no ticketId: {str(ticket)[:60]}"
        if ticket in seen:
            return f"ticket {ticket} stands there twice, the second time at place {place}"
        seen.add(ticket)
    if len(tickets) != entries:
        return f"there are {len(tickets)} tickets, {entries} were on the list when it was fixed"
    return None


def verify(draw, tickets):
    """Returns what is wrong, as (part, detail), and what a reader should know although nothing is."""
    wrong = check_form(draw)
    if wrong:
        return [("form", wrong)], []
    seed, root = bytes.fromhex(draw["seed"]), bytes.fromhex(draw["root"])
    if sha256(seed).hex() != draw["commitment"]:
        return [("seed", "the seed published is not the one that was committed to")], []
    wrong = check_list(tickets, draw["counts"]["entries"])
    if wrong:
        return [("list", wrong)], []

    findings, warnings = [], []
    beacon = draw.get("beacon") or {}
    value = beacon.get("value") or ""
    if beacon and beacon.get("value") is None:
        warnings.append("a public value was promised and none was used: the order rests on seed and list alone")
    elif beacon and beacon["value"] == beacon.get("before"):
        findings.append(("beacon", "the public value was known before the list was fixed"))

    computed = merkle_root([ticket.encode() for ticket in sorted(tickets)])
    macs = macs_of(seed + root + value.encode(), tickets)
    if computed == root:
        misplaced = [place for place, (is_, should) in enumerate(zip(macs, sorted(macs)), 1) if is_ != should]
        if misplaced:
            findings.append(("order", f"{len(misplaced)} of {len(tickets)} places have another ticket than seed, root "
                                      f"and public value give them, the first is place {misplaced[0]}"))
        return findings, warnings

    # The order depends on both, so it shows which of the two was changed.
    otherwise = macs_of(seed + computed + value.encode(), tickets)
    if len(tickets) > 1 and otherwise == sorted(otherwise):
        findings.append(("root", "the root published is not the list's; the order is the one of the list's own root"))
    else:
        first = next((place for place in range(2, len(macs) + 1) if macs[place - 1] < macs[place - 2]), None)
        where = f"; look about place {first}" if first else ""
        findings.append(("list", f"this is not the list that the root was made of{where}"))
    return findings, warnings


def fetch(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()


def read_entries(text):
    tickets = []
    for place, line in enumerate(text.splitlines(), 1):
        entry = json.loads(line)
        if entry["place"] != place:
            raise ValueError(f"line {place} is not the entry of place {place}")
        tickets.append(entry["ticketId"])
    return tickets


def load(source):
    if source.startswith(("http://", "https://")):
        base = re.sub(r"(/draw)?/*\Z", "", source) + "/draw"
        draw = json.loads(fetch(base))
        known = draw.get("root") is not None and draw.get("seed") is not None
        return draw, read_entries(fetch(base + "/entries")) if known else []
    with open(source, encoding="utf-8") as file:
        saved = json.load(file)
    return saved["draw"], saved["entries"]


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        draw, tickets = load(arguments[0])
    except json.JSONDecodeError as fault:
        hint = "; the address is that of the API, with /api/v1 in it" if arguments[0].startswith("http") else ""
        print(f"{arguments[0]} is not JSON ({fault}){hint}", file=sys.stderr)
        return 2
    except (OSError, ValueError, KeyError, TypeError) as fault:
        print(f"{arguments[0]} can't be read as a draw: {fault}", file=sys.stderr)
        return 2
    findings, warnings = verify(draw, tickets)
    for warning in warnings:
        print(f"note: {warning}")
    for part, detail in findings:
        print(f"WRONG {part}: {detail}")
    if not findings:
        print(f"ok: the order of {len(tickets)} tickets is the one that was committed to")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
