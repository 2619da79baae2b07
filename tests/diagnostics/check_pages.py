#!/usr/bin/env python3
"""Holds the pages of `otpc explain` to what they say.

  check_pages.py OTPC CATALOGUE

Every number has a page; the schema under "Fails:" gives exactly that number, the one under
"Passes:" nothing at all. What no schema can show is shown by commands (```sh), which are run.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

OTPC = str(pathlib.Path(sys.argv[1]).resolve())
PAGES = pathlib.Path(sys.argv[2]).parent / "pages"
# Bytes and lengths that a page cannot hold, and trouble with files.
SHOWN_BY_COMMANDS = {"OTP0005", "OTP0009", "OTP0116", "OTP0125", "OTP0336", "OTP0600", "OTP0601",
                     "OTP0626", "OTP0629", "OTP0630", "OTP0950", "OTP0951", "OTP0952",
                     "OTP0953", "OTP0954"}
HEADING = re.compile(r"^(Fails|Passes|With this `(.*)`):$")


def explain(*arguments):
    return subprocess.run([OTPC, "explain", *arguments], capture_output=True, text=True,
                          timeout=60)


def blocks(page):
    """{heading: (language, text)} of the fenced blocks, each under the heading before it."""
    found, heading, open_block = {}, None, None
    for line in page.splitlines():
        if open_block is not None and line == "```":
            found[heading] = (open_block[0], "".join(open_block[1]))
            open_block = None
        elif open_block is not None:
            open_block[1].append(line + "\n")
        elif line.startswith("```"):
            open_block = (line[3:], [])
        elif match := HEADING.match(line):
            heading = match.group(2) or match.group(1)
    return found


def told(block, others, page):
    """The numbers that a block of the page gives, or None when it fails otherwise."""
    language, text = block
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for other, (_, content) in others.items():
            (folder / other).write_text(content)
        if language == "otp":
            (folder / "test.otp").write_text(text)
            done = subprocess.run([OTPC, "check", "--diagnostics=json", "test.otp"], cwd=folder,
                                  capture_output=True, text=True, timeout=60)
            return [each["code"] for each in json.loads(done.stdout or "[]")]
        script = "set -e\n" + "".join(line[2:] for line in text.splitlines(True))
        done = subprocess.run(["bash", "-c", f'otpc() {{ "{OTPC}" "$@"; }}\n{script}'], cwd=folder,
                              capture_output=True, text=True, timeout=60)
        if (done.returncode != 0) == (page == "passes"):
            return None
        return re.findall(r"\[(OTP\d+)\]", done.stderr)


def complaints_about(code, severity):
    shown = explain(code)
    if shown.returncode != 0 or not shown.stdout.startswith(f"# {code}, {severity}: "):
        return [f"`otpc explain` prints\n{shown.stdout[:200]}{shown.stderr}"]
    if not (PAGES / f"{code}.md").is_file():
        return [f"there is no page {PAGES.name}/{code}.md"]
    found = blocks(shown.stdout)
    if not {"Fails", "Passes"} <= set(found):
        return ["the page has no block under `Fails:` and one under `Passes:`"]
    complaints = []
    prose = shown.stdout.split("\n\nFails:")[0].split("\n", 1)[1]
    if len(prose.split()) < 10:
        complaints.append("the page does not say what it means and why")
    languages = {found["Fails"][0], found["Passes"][0]}
    if languages != ({"sh"} if code in SHOWN_BY_COMMANDS else {"otp"}):
        complaints.append(f"blocks in {languages}")
    others = {name: each for name, each in found.items() if name.endswith(".otp")}
    for title, expected in (("Fails", {code}), ("Passes", set())):
        given = told(found[title], others, title.lower())
        if given is None or set(given) != expected or len(given) > 1:
            complaints.append(f"what is under `{title}:` gives {given}")
    return complaints


def main():
    text = pathlib.Path(sys.argv[2]).read_text()
    entries = {f"OTP{int(number):04d}": severity for number, severity in
               re.findall(r"^OTP_DIAGNOSTIC\((\d+), \w+, (\w+),", text, re.M)}
    findings = [f"{code}: {complaint}" for code, severity in entries.items()
                for complaint in complaints_about(code, severity)]
    findings += [f"{page.name}: no such number in the catalogue"
                 for page in sorted(PAGES.iterdir()) if page.stem not in entries]
    if explain("unused_type").stdout != explain("OTP0114").stdout:
        findings.append("`otpc explain unused_type` is not the page of OTP0114")
    listed = re.findall(r"^(OTP\d+)  (error|warning) ", explain().stdout, re.M)
    if dict(listed) != entries:
        findings.append("`otpc explain` does not list the catalogue")
    for finding in findings:
        print(finding)
    print(f"{len(entries)} pages, {len(findings)} findings")
    return 1 if findings or not entries else 0


sys.exit(main())
