#!/usr/bin/env python3
"""The examples of the reference are schemas: check_reference.py OTPC README SCRATCH

Each example of grammar/README.md is checked as a module of its own. What it refers to and does not
declare itself comes from the other examples, the first that declares it.
"""
import pathlib
import re
import subprocess
import sys

otpc, readme, scratch = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
PRELUDE = {"Money": "struct Money { cents: i64; }", "Stock": "server Stock { init(); cast take; }"}
KINDS = ("struct|enum|union|error|const|alias|protocol|server|statem|events|handler|topic|task|"
         "agent|registry|supervisor|application")
HEAD = re.compile(rf"^(?:@\w+(?:\([^)]*\))? )*(?:dynamic |partition )?(?:{KINDS}) (\w+)", re.M)


def without_comments(text):
    return re.sub(r"//.*", "", text)


def declarations(text):
    """The declarations at the top level, by name."""
    found, depth, begin = {}, 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "{([") - (letter in "})]")
        if depth == 0 and letter in ";}" and text[at + 1:at + 2] != ";":
            part = text[begin:at + 1].strip()
            begin = at + 1
            head = HEAD.search(part)
            if head and head[1] not in found:
                found[head[1]] = part
    return found


def closure(names, own, everything):
    """What these declarations need, and what that needs."""
    needed, open_ = {}, list(names)
    while open_:
        for name in re.findall(r"\w+", re.sub(r"\"[^\"]*\"", "", open_.pop())):
            if name in everything and name not in own and name not in needed:
                needed[name] = everything[name]
                open_.append(everything[name])
    return needed.values()


blocks = re.findall(r"^```\n(.*?)^```$", readme.read_text(), re.M | re.S)
texts = [without_comments(block) for block in blocks]
everything = dict(PRELUDE)
for text in texts:
    for name, part in declarations(text).items():
        everything.setdefault(name, part)
findings = []
scratch.mkdir(parents=True, exist_ok=True)
for number, text in enumerate(texts, 1):
    module = re.search(r"^(?:@language\(\d+\) )?module .*?;", text, re.M)
    body = re.sub(r"^(?:(?:@language\(\d+\) )?module|import) .*?;", "", text, flags=re.M)
    own = declarations(body)
    if not own:
        findings.append(f"example {number} declares nothing")
    # The states that versions had are in a contract file, which an example has none of.
    body = re.sub(r"^ *upgrade from .*?;", "", body, flags=re.M)
    # Where `env` comes from is in the example of an application.
    needs = [body] if "env." not in body or " env {" in body else [body, everything["shop"]]
    needed = dict.fromkeys([*needs[1:], *closure(needs, own, everything)])
    schema = scratch / f"example_{number}.otp"
    schema.write_text("\n".join([module[0] if module else "module shop::cart version 3;", body,
                                 *needed]) + "\n")
    done = subprocess.run([otpc, "check", schema.name], cwd=scratch, capture_output=True, text=True,
                          timeout=60)
    if done.returncode != 0:
        findings.append(f"example {number}:\n{done.stderr}")
for finding in findings:
    print(finding)
print(f"{len(blocks)} examples, {len(findings)} findings")
sys.exit(1 if findings or len(blocks) < 12 else 0)
