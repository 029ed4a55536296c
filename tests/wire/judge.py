#!/usr/bin/env python3
"""Judges a request log of the emulator with a validator that knows the published types of Azure.

    judge.py [--requests] VALIDATOR TRAFFIC.jsonl...

Fails on every violation that deviations.txt does not allow. Answers are always judged; requests are
only with --requests, as what a foreign client sends is not ours to judge. The validator takes
`--strict --any-version --json` and prints an entry for each exchange: `result`, `label`, `violations`.
"""

import collections
import fnmatch
import json
import pathlib
import re
import subprocess
import sys

ALLOWED = pathlib.Path(__file__).with_name("deviations.txt")
VIOLATION = re.compile(r"(?P<side>[a-z]+)(?: value\[\d+\])? (?P<place>\S+): (?P<what>.*)", re.S)
NEWEST = re.compile(r"api-version \S+ is not published for .*?([\w-]+)\)$")
WORDS = {"unknown property": "undeclared", "null value": "null", "unknown member of a collection": "undeclared"}


class Deviation:
    """A line of deviations.txt: a type, a word for what is wrong, and where it may be."""

    def __init__(self, line):
        kinds, self.word, *self.places = line.split()
        self.kinds = kinds.split(",")

    def allows(self, found):
        kind, word, place = found
        fits = fnmatch.fnmatchcase
        return fits(word, self.word) and any(fits(kind, one) for one in self.kinds) and any(fits(place, one) for one in self.places)


def deviations():
    lines = ALLOWED.read_text().replace("\\\n", " ").splitlines()
    return [Deviation(line) for line in lines if line.strip() and not line.startswith("#")]


def records(traffic):
    """The exchanges with an ARM path; the CLI writes some with a slash too many, or an escaped one."""
    for name in traffic:
        for line in pathlib.Path(name).read_text().splitlines():
            record = json.loads(line)
            record["path"] = re.sub("(/|%2F)+", "/", record["path"], flags=re.I)
            if not record["path"].startswith("/v1.0/"):  # Graph, which has a contract of its own
                yield record


def judged(validator, exchanges):
    """What the validator says of each exchange."""
    command = [sys.executable, validator, "--strict", "--json", "--any-version", "-"]
    lines = "\n".join(map(json.dumps, exchanges))
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    start = done.stdout.find("[")
    if done.returncode not in (0, 1) or start < 0:
        sys.exit(f"the validator failed: {done.stderr or done.stdout[:500]}")
    return json.JSONDecoder().raw_decode(done.stdout[start:])[0]


def verdicts(validator, traffic):
    """Verdicts; a version newer than the validator counts as the newest that it knows."""
    exchanges = list(records(traffic))
    first = judged(validator, exchanges)
    known = [next(filter(None, map(NEWEST.search, one["violations"])), None) for one in first]
    for exchange, newest in zip(exchanges, known):
        if newest:
            exchange["api_version"] = newest[1]
    return judged(validator, exchanges) if any(known) else first


def word(what):
    """`null`, `undeclared`, or the complaint itself with dashes, without the values it names."""
    for start, short in WORDS.items():
        if what.startswith(start):
            return short
    return re.sub(r"\W+", "-", re.sub(r"'[^']*'|\"[^\"]*\"|\(.*", "", what)).strip("-").lower()


def found_in(verdict, with_requests):
    """Type, word and place of each violation that is judged; numbers in places are `0`."""
    kind = verdict["label"].split(" ", 1)[1].rsplit("@", 1)[0]
    for violation in verdict["violations"]:
        match = VIOLATION.match(violation)
        if match["side"] in ("response", "status") or with_requests:
            yield kind, word(match["what"]), re.sub(r"/\d+(?=/|$)", "/0", match["place"])


def main():
    arguments = sys.argv[1:]
    with_requests = "--requests" in arguments
    validator, *traffic = [one for one in arguments if one != "--requests"]
    allowed, counts, unknown = deviations(), collections.Counter(), collections.Counter()
    for verdict in verdicts(validator, traffic):
        counts[verdict["result"] == "unchecked"] += 1
        for found in found_in(verdict, with_requests):
            if not [one for one in allowed if one.allows(found)]:
                unknown[found] += 1
    for found, times in sorted(unknown.items()):
        print(f"  DEVIATES  {' '.join(found)} ({times})")
    print(f"== traffic: {counts[False]} exchanges judged, {counts[True]} of no published type, {len(unknown)} deviations that are not listed")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
