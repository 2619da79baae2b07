#!/usr/bin/env python3
"""One mistake is one error, at its place, in the words of the language.

  check_mutations.py OTPC ROOT [COUNT [SEED]]

Takes every schema of the project that is in order, makes one mistake in it (a token deleted,
doubled, inserted, swapped with the next, a name or a word of the language misspelled, a brace or a
semicolon dropped), and looks at what `otpc check` says. Prints what is outside of the bounds; run
it with another seed to look for more.
"""
import collections
import concurrent.futures
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import mutate

OTPC = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(sys.argv[2])
COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 1500
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else 20260
ONE_ERROR = 0.95  # of the mistakes give exactly one
NEAR = 0.98  # of the first errors stand at most this far from the mistake:
NEAR_LINES = 2
AT_MOST = 6  # diagnostics for one mistake
SEVERAL = 0.9  # of texts with three mistakes give three errors or more
MEANT = 0.9  # of the names that are not found are told what was meant
# Words of the parser generator, not of the language.
FOREIGN = re.compile(r"<EOF>|<missing|mismatched|extraneous|viable|no alternative|\bIDENTIFIER\b"
                     r"|\b[A-Z]+_[A-Z]+\b|\bSEMI\b|\b[LR](BRACE|PAREN|BRACKET)\b")
LOOKUPS = {"OTP0102", "OTP0106", "OTP0300", "OTP0320", "OTP0330", "OTP0404", "OTP0500"}


def schemas():
    patterns = ("tests/diagnostics/OTP*/good.otp", "examples/**/*.otp", "tests/golden/**/*.otp",
                "tests/conformance/*.otp", "tests/generated/*.otp")
    found = {path: path.read_text() for pattern in patterns for path in ROOT.glob(pattern)}
    # Nesting to the limit and numbers in bulk have nothing that a person would mistype; what needs
    # the contract file beside it is not in order elsewhere.
    return {path: text for path, text in found.items()
            if 60 < len(text) < 20_000 and not errors_of(path, text)}


def check(path, text):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / path.name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return subprocess.run([OTPC, "check", "--diagnostics=json", "-I", path.parent, file],
                              capture_output=True, timeout=60)


def crashed(done):
    """A sanitizer exits 1, too, but prints no diagnostics."""
    return done.returncode not in (0, 1) or not done.stdout.startswith(b"[")


def near_name(text, name):
    """Whether the schema has another name that differs by about a letter."""
    def close(one, other):
        if abs(len(one) - len(other)) > 1:
            return False
        same = sum(a == b for a, b in zip(one, other)) + \
            sum(a == b for a, b in zip(reversed(one), reversed(other)))
        return same >= max(len(one), len(other)) - 1
    return any(word != name and close(word, name) for word in re.findall(r"\w+", text))


class Tally:
    def __init__(self):
        self.count = collections.Counter()
        self.findings = []
        self.several = []
        self.far = []
        self.unmeant = []

    def add(self, path, what, where, text, done):
        shown = f"{path.relative_to(ROOT)}: {what}"
        if crashed(done):
            self.findings.append(f"{shown}: exit status {done.returncode}\n{text}\n"
                                 f"{done.stderr.decode()}")
            return
        told = json.loads(done.stdout)
        errors = [each for each in told if each["severity"] == "error"]
        if bool(errors) != (done.returncode == 1):
            self.findings.append(f"{shown}: {len(errors)} errors and status {done.returncode}")
        for each in told:
            if FOREIGN.search(each["message"]) or len(each["message"]) > 100:
                self.findings.append(f"{shown}: says {each['message']!r}")
        if len(told) > AT_MOST:
            self.findings.append(f"{shown}: {len(told)} diagnostics\n{text}")
        if not errors:
            return
        self.count["wrong"] += 1
        messages = [f"{each.get('line')}: {each['message']}" for each in errors]
        line = text.count("\n", 0, where) + 1
        if len(errors) > 1:
            self.several.append(f"{shown}, line {line}: {messages}")
        if abs(errors[0].get("line", 1) - line) > NEAR_LINES:
            self.far.append(f"{shown}, line {line}: {messages}")
        for each in errors:
            name = re.search(r"`([^`]*)`(?!.*`)", each["message"])
            if what.startswith("misspell a name") and each["code"] in LOOKUPS and name and \
                    near_name(text, name.group(1)):
                self.count["lookups"] += 1
                meant = bool(each["helps"])
                self.count["meant"] += meant
                if not meant:
                    self.unmeant.append(f"{shown}, line {line}: {messages}")

    def share(self, name, have, of, least, examples):
        print(f"{name}: {have} of {of} ({have / of:.1%}), at least {least:.0%}")
        if have / of < least:
            self.findings.append(f"{name}: too few, such as\n  " + "\n  ".join(examples[:20]))


def bytes_at_random(good, count, seed):
    """Bytes changed, deleted and repeated: nothing may crash on them."""
    chance = random.Random(seed)
    paths = sorted(good)
    for _ in range(count):
        path = chance.choice(paths)
        text = bytearray(good[path].encode())
        for _ in range(chance.randint(1, 20)):
            at = chance.randrange(len(text))
            change = chance.randrange(3)
            if change == 0:
                text[at] = chance.randrange(256)
            elif change == 1:
                del text[at:at + chance.randint(1, 30)]
            else:
                text[at:at] = text[at:at + chance.randint(1, 30)] * chance.randint(1, 5)
            text = text or bytearray(b";")
        yield path, bytes(text)


def errors_of(path, text):
    return sum(each["severity"] == "error"
               for each in json.loads(check(path, text).stdout or "[]"))


def check_several(good, tally, pool):
    """Mistakes in three declarations, each an error alone, give three errors together."""
    chance = random.Random(SEED)
    paths = sorted(path for path, text in good.items() if len(mutate.declarations(text)) > 3)
    tried = [(path, mutate.several(good[path], 3, chance))
             for path in (chance.choice(paths) for _ in range(COUNT // 5))]
    tried = [(path, made) for path, made in tried if made is not None]

    def hidden(path, together, alone):
        if not all(errors_of(path, each) for each in alone):
            return None
        return errors_of(path, together) < 3

    results = list(pool.map(lambda each: hidden(each[0], *each[1]), tried))
    counted = [(path, made[0], one) for (path, made), one in zip(tried, results) if one is not None]
    told = [one for _, _, one in counted if not one]
    tally.share("three mistakes are three errors", len(told), len(counted), SEVERAL,
                [f"{path}\n{text}" for path, text, one in counted if one][:3])


def main():
    tally = Tally()
    good = schemas()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        made = list(mutate.mutations(good, COUNT, SEED))
        checks = pool.map(lambda each: check(each[0], each[3]), made)
        for (path, what, where, text), done in zip(made, checks):
            tally.add(path, what, where, text, done)
        noise = list(bytes_at_random(good, COUNT // 3, SEED))
        for (path, text), done in zip(noise, pool.map(lambda each: check(*each), noise)):
            if crashed(done):
                tally.findings.append(f"{path}: exit status {done.returncode} on\n{text!r}")
        check_several(good, tally, pool)
    wrong = tally.count["wrong"]
    print(f"{len(good)} schemas, {len(made)} mistakes, {wrong} of them errors, seed {SEED}")
    tally.share("exactly one error", wrong - len(tally.several), wrong, ONE_ERROR, tally.several)
    tally.share("the first is near", wrong - len(tally.far), wrong, NEAR, tally.far)
    tally.share("what was meant is told", tally.count["meant"], tally.count["lookups"], MEANT,
                tally.unmeant)
    for finding in tally.findings:
        print(finding)
    print(f"{len(tally.findings)} findings")
    return 1 if tally.findings else 0


sys.exit(main())
