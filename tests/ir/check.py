#!/usr/bin/env python3
"""`otpc ir` of every good schema of the tree against compiler/ir/otp-ir.schema.json.

  check.py OTPC ROOT

Besides: the schema itself is one; each construct, and each property that the schema knows, stands
in some of the outputs; what is not in the schema does not pass; names refer to what is there;
locations are where the name stands; the same bytes come out of another folder.
"""
import copy
import json
import os
import pathlib
import subprocess
import sys

import jsonschema

OTPC, ROOT = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
SCHEMA = json.loads((ROOT / "compiler/ir/otp-ir.schema.json").read_text())
findings = []


def good_schemas():
    paths = [*ROOT.glob("examples/**/*.otp"), *ROOT.glob("tests/**/*.otp")]
    for path in sorted(paths):
        of_diagnostics = ROOT / "tests/diagnostics" in path.parents
        if path.name == "good.otp" or not of_diagnostics:
            yield path


def ir_of(path, cwd=ROOT):
    folder = path.parent
    done = subprocess.run([OTPC, "ir", "-I", folder, "-I", folder.parent, path], cwd=cwd,
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def nodes(value):
    """Every object in it."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from nodes(each)
    elif isinstance(value, list):
        for each in value:
            yield from nodes(each)


REFERENCES = {"process", "target", "handler", "protocol", "topic", "manager", "throws", "of",
              "init_throws", "start"}
LISTS_OF_REFERENCES = {"protocols", "topics", "depends"}


def text_of(file, path):
    """A schema that the IR of `path` names."""
    folders = [path.parent, path.parent.parent]
    return next(folder / file for folder in folders if (folder / file).exists()).read_bytes()


def complaints_about(ir, path):
    ids = {each["id"] for module in ir["modules"] for each in module["declarations"]}
    modules = {module["name"] for module in ir["modules"]}
    for node in nodes(ir):
        for key, value in node.items():
            wanted = [value] if key in REFERENCES and isinstance(value, str) else \
                value if key in LISTS_OF_REFERENCES else []
            for name in wanted:
                if name not in ids:
                    yield f"{key}: there is no {name}"
        place = node.get("location")
        brought = {"protocol", "topic", "after_ns"} & set(node) or node.get("kind") == "exit"
        if place and "name" in node and not brought:
            text = text_of(place["file"], path)
            if text[place["begin"]:place["end"]].decode() != node["name"]:
                yield f"{node['name']} is not at {place}"
            before = text[:place["begin"]].decode()
            if before.count("\n") + 1 != place["line"] or \
                    len(before) - before.rfind("\n") != place["column"]:
                yield f"{node['name']} has another line or column than {place}"
    for module in ir["modules"]:
        for name in module["imports"]:
            if name not in modules:
                yield f"imports {name}, which is not there"


def mutations(ir):
    """Outputs that a reader of the schema must refuse."""
    other = copy.deepcopy(ir)
    other["version"] = 2
    yield "another version", other
    for index, node in enumerate(nodes(ir)):
        # Once for each shape of object: validating is slow.
        shape = (node.get("kind"), *node)
        if shape in mutated_shapes:
            continue
        mutated_shapes.add(shape)
        other = copy.deepcopy(ir)
        list(nodes(other))[index]["unheard_of"] = 1
        yield f"one more property in {node}", other


jsonschema.Draft202012Validator.check_schema(SCHEMA)
validator = jsonschema.Draft202012Validator(SCHEMA)
kinds, properties, mutated_shapes, read = set(), set(), set(), 0
for path in good_schemas():
    status, text, complaint = ir_of(path)
    if status != 0:
        findings.append(f"{path.relative_to(ROOT)}: {complaint}")
        continue
    ir = json.loads(text)
    for error in validator.iter_errors(ir):
        findings.append(f"{path.relative_to(ROOT)}: {error.json_path}: {error.message[:300]}")
    findings += [f"{path.relative_to(ROOT)}: {each}" for each in complaints_about(ir, path)]
    if ir_of(path, cwd=path.parent)[1] != text:
        findings.append(f"{path.relative_to(ROOT)}: depends on the current folder")
    for node in nodes(ir):
        properties.update(node)
        kinds.add(node.get("kind"))
    read += 1


def known_to(schema, key):
    """The names of properties, or the words of `kind`, that the schema knows."""
    for node in nodes(schema):
        own = node.get("properties")
        if not isinstance(own, dict):
            continue
        if key == "properties":
            yield from own
        elif isinstance(kind := own.get("kind"), dict):
            yield from [kind["const"]] if "const" in kind else kind.get("enum", [])


for what, seen, known in (("property", properties, set(known_to(SCHEMA, "properties"))),
                          ("kind", kinds, set(known_to(SCHEMA, "kinds")))):
    for each in sorted(known - seen):
        findings.append(f"the {what} `{each}` of the schema stands in no output")

for name in ("everything", "behaviours"):
    sample = json.loads(ir_of(ROOT / f"tests/golden/{name}/{name}.otp")[1])
    declarations = sample["modules"][0]["declarations"]
    # One declaration at a time: each mutation is validated as a whole.
    for declaration in declarations:
        sample["modules"][0]["declarations"] = [declaration]
        for what, mutated in mutations(sample):
            if validator.is_valid(mutated):
                findings.append(f"{name}: the schema takes {what[:200]}")

for arguments, status, text in ((["missing.otp"], 3, "cannot read"), ([], 2, "at least one schema"),
                                (["tests/diagnostics/OTP0102/bad.otp"], 1, "OTP0102")):
    done = subprocess.run([OTPC, "ir", *arguments], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "NO_COLOR": "1"})
    if done.returncode != status or text not in done.stderr or done.stdout:
        findings.append(f"ir {arguments}: {done.returncode} {done.stderr}{done.stdout[:100]}")

for finding in findings:
    print(finding)
print(f"{read} schemas, {len(kinds)} kinds, {len(properties)} properties, "
      f"{len(findings)} findings")
sys.exit(1 if findings or read < 50 else 0)
