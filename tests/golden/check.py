#!/usr/bin/env python3
"""Compares what otpc generates with what is kept: check.py OTPC SCRATCH [--update]

Each folder has NAME.otp, NAME.otp.h and NAME.otp.cpp, and folders erlang/ and elixir/ with what
those languages get. Besides: a second run writes nothing, and a run in another folder gives the
same bytes.
"""
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


LANGUAGES = {"cpp": "", "erlang": "erlang", "elixir": "elixir"}


def generate(otpc, schema, language, out):
    subprocess.run([otpc, "gen", "--lang", language, "--out-dir", out, "--depfile",
                    out.parent / "d", schema], check=True)
    return {file.relative_to(out): file for file in sorted(out.rglob("*")) if file.is_file()}


def check(otpc, schema, language, scratch):
    """How many findings."""
    failed = 0
    folder = schema.parent / LANGUAGES[language]
    outputs = generate(otpc, schema, language, scratch / "first")
    before = [file.stat().st_mtime_ns for file in outputs.values()]
    again = generate(otpc, schema, language, scratch / "first")
    if before != [file.stat().st_mtime_ns for file in again.values()]:
        print(f"{schema.name}: a second run touched files that had not changed")
        failed += 1
    elsewhere = generate(otpc, schema, language, scratch / "second")
    if {name: file.read_bytes() for name, file in outputs.items()} != \
            {name: file.read_bytes() for name, file in elsewhere.items()}:
        print(f"{schema.name}: {language} differs from one run to the next")
        failed += 1
    kept = {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()} \
        if LANGUAGES[language] else set()
    for name in sorted(kept - set(outputs)):
        if "--update" in sys.argv:
            (folder / name).unlink()
        else:
            print(f"{schema.name}: {language} has no {name} any more")
            failed += 1
    for name, output in outputs.items():
        golden = folder / name
        if "--update" in sys.argv:
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_bytes(output.read_bytes())
        elif not golden.exists() or golden.read_bytes() != output.read_bytes():
            subprocess.run(["diff", "-uN", golden, output])
            failed += 1
    return failed if outputs else failed + 1


def main():
    otpc, scratch = sys.argv[1], pathlib.Path(sys.argv[2])
    shutil.rmtree(scratch, ignore_errors=True)
    schemas = sorted(HERE.glob("*/*.otp"))
    failed = sum(check(otpc, schema, language, scratch / schema.stem / language)
                 for schema in schemas for language in LANGUAGES)
    print(f"{len(schemas)} schemas, {failed} findings")
    return 1 if failed or not schemas else 0


sys.exit(main())
