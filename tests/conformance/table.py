"""The table of cases: table.py [--update]. Without it, a table that is not up to date is an error.

A case is held by the tests whose names begin with its number (PROC_020_..., PROC_020_021_...), or
it is explained in deviations.toml. One that is neither is an error.
"""
import pathlib
import re
import sys
import tomllib

HERE = pathlib.Path(__file__).parent
GROUPS = {"PROC": 52, "GS": 44, "SM": 25, "EV": 20, "SUP": 43, "DSUP": 21, "PSUP": 8, "REG": 16,
          "TASK": 31, "AGENT": 5, "TIMER": 17, "SYS": 14, "APP": 16}
KINDS = {"differs": "differs", "types": "does not compile", "node": "holds on one node"}
BEGIN, END = "<!-- table: made by table.py -->", "<!-- end of table -->"


def tests_by_case():
    found = {}
    for path in sorted(HERE.glob("*_test.cpp")):
        for name in re.findall(r"TEST_F\(\w+,\s*(\w+)\)", path.read_text()):
            match = re.match(r"([A-Z]+)((?:_\d{3})+)_(\w+)$", name)
            for number in re.findall(r"\d{3}", match.group(2)) if match else []:
                found.setdefault(f"{match.group(1)}-{number}", []).append(match.group(3))
    return found


def table():
    tests = tests_by_case()
    reasons = {}
    for entry in tomllib.loads((HERE / "deviations.toml").read_text())["case"]:
        for case in entry["ids"]:
            reasons[case] = (KINDS[entry["kind"]], entry["why"])
    every = [f"{group}-{n:03}" for group, count in GROUPS.items() for n in range(1, count + 1)]
    errors = [f"{case}: no such case" for case in {**tests, **reasons} if case not in every]
    rows, counts = [], {}
    for case in every:
        held = tests.get(case, [])
        status, why = reasons.get(case, ("holds", ""))
        if not held and case not in reasons:
            errors.append(f"{case}: no test, and nothing in deviations.toml")
        counts[status] = counts.get(status, 0) + 1
        names = "; ".join(name.replace("_", " ") for name in held)
        rows.append(f"| {case} | {status} | {names}{' -- ' if names and why else ''}{why} |")
    totals = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    text = "\n".join([f"{len(every)} cases: {totals}.", "",
                      "| case | status | test, and what is not so |", "|---|---|---|", *rows])
    return text, errors


def main(arguments):
    text, errors = table()
    readme = HERE / "README.md"
    before = readme.read_text()
    head, _, rest = before.partition(BEGIN)
    after = f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"
    if arguments == ["--update"]:
        readme.write_text(after)
    elif after != before:
        errors.append("README.md: the table is old; python3 tests/conformance/table.py --update")
    print("\n".join(errors) if errors else text.splitlines()[0])
    return 1 if errors else 0


sys.exit(main(sys.argv[1:]))
