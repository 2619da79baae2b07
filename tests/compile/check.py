#!/usr/bin/env python3
"""Compiles generated code with every warning as an error: check.py OTPC RUNTIME_INCLUDE SCRATCH CXX

Schemas: the golden ones, and hostile ones made here,
        in which every keyword of C++ and every common macro stands in every
place where a schema has a name. Also: a server class in which a message is forgotten does not
compile.
"""
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FLAGS = ["-std=c++23", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow",
        "-Wconversion", "-Werror"]


def hostile_words():
    text = (ROOT / "compiler/lower/names.cpp").read_text()
    words = re.findall(r'"(\w+)"', text[text.index("keywords{"):])
    extra = ["main", "std_", "string", "vector", "move", "next", "type", "kind", "result",
            "request", "message", "deliver",
             "from", "timeout", "args", "options", "call", "cast", "info", "server", "value",
                     "self", "name", "spec"]
    unique = {}
    for word in words + extra:
        if word not in ("true", "false", "none") and word.isidentifier():
            unique.setdefault(word.lower(), word)
    return sorted(unique.values())


def hostile_schemas(folder):
    words = hostile_words()
    fields = " ".join(f"{word}: u8 = 1;" for word in words)
    parameters = ", ".join(f"{word}: u8" for word in words)
    schemas = {
        "fields": f"struct Fields {{ {fields} }}",
        "members": "enum Members { " + " ".join(f"{word};" for word in words) + " }",
        "cases": "union Cases { " + " ".join(f"{word}(x: u8);" for word in words) + " }",
        "errors": "error Errors { " + " ".join(f"@transient {word};" for word in words) + " }",
        "structs": " ".join(f"struct {word} {{ x: u8; }}" for word in words),
        "enums": " ".join(f"enum {word} {{ x; }}" for word in words),
        "constants": " ".join(f"const {word}: u8 = 1;" for word in words),
        "calls": "server Calls { init(" + parameters + "); "
                 + " ".join(f"call {word}({word}: u8) -> u8;" for word in words if word != "exit")
                 + " }",
        "casts": "server Casts { init(); "
                 + " ".join(f"cast {word}({word}: u8);" for word in words if word != "exit") + " }",
        "env": "server A { init(); } supervisor Sup { child A; } application env { env { "
               + fields + " } start Sup; }",
    }
    for name, text in schemas.items():
        (folder / f"{name}.otp").write_text(f"module hostile_{name};\n{text}\n")
    for word in ("class", "std", "otp", "errno"):
        text = f"module {word}::{word};\nserver A {{ init(); call get() -> u8; }}\n"
        (folder / f"module_{word}.otp").write_text(text)
    return sorted(folder.glob("*.otp"))


def compile_with(cxx, source, includes):
    done = subprocess.run([cxx, *FLAGS, *[f"-I{each}" for each in includes], source],
            capture_output=True, text=True)
    return done.returncode, done.stderr


def forgotten_message(cxx, out, include):
    source = out / "forgotten.cpp"
    source.write_text('#include "everything.otp.h"\n'
                      "struct Half final : golden::everything::StockServer {\n"
                      "otp::Init init() override { return otp::ok(); } };\n"
                      "Half half;\n")
    status, text = compile_with(cxx, source, [include, out])
    return status != 0 and "left" in text


def deprecated_is_told(cxx, out, include):
    """Who uses what is deprecated gets an error here, and is told what to use; others get none."""
    uses = {"cart.put({});": "use add", "golden::versions::Sku sku;": "since version 2",
            "golden::versions::Item().qty = 1;": "use amount", "cart.try_count();": "use size",
            "cart.urgent(1);": None, "golden::versions::Item().amount = 1;": None}
    wrong = []
    for use, text in uses.items():
        source = out / "deprecated.cpp"
        source.write_text('#include "versions.otp.h"\n'
                          f"void f(golden::versions::Cart cart) {{ (void)cart; {use} }}\n")
        status, told = compile_with(cxx, source, [include, out])
        if (status != 0) != (text is not None) or (text or "") not in told:
            wrong.append(f"{use}: {status}\n{told[:1000]}")
    return wrong


def main():
    otpc, include, scratch, cxx = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4]
    shutil.rmtree(scratch, ignore_errors=True)
    schema_dir = scratch / "schemas"
    schema_dir.mkdir(parents=True)
    schemas = hostile_schemas(schema_dir) + sorted((ROOT / "tests/golden").glob("*/*.otp"))
    out = scratch / "out"
    failed = 0
    compilers = [cxx] + ([shutil.which("clang++-22")] if shutil.which("clang++-22") else [])
    for schema in schemas:
        done = subprocess.run([otpc, "gen", "--out-dir", out, schema], capture_output=True,
                text=True)
        if done.returncode != 0:
            print(f"{schema.name}: otpc refuses it\n{done.stderr[:2000]}")
            failed += 1
            continue
        for compiler in compilers if schema.name == "everything.otp" else [cxx]:
            status, text = compile_with(compiler, out / f"{schema.name}.cpp", [include, out])
            if status != 0:
                print(f"{schema.name} with {compiler}:\n{text[:3000]}")
                failed += 1
    if not forgotten_message(cxx, out, include):
        print("a server class that forgets a message compiles")
        failed += 1
    for each in deprecated_is_told(cxx, out, include):
        print(each)
        failed += 1
    print(f"{len(schemas)} schemas, {len(compilers)} compilers, {failed} findings")
    return 1 if failed else 0


sys.exit(main())
