#!/usr/bin/env python3
"""Compares what otpc generates with what is kept: check.py OTPC SCRATCH [--update]

Each folder has NAME.otp, NAME.otp.h and NAME.otp.cpp. Besides: a second run writes nothing,
        and a run in another folder
gives the same bytes.
"""
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def generate(otpc, schema, out):
    subprocess.run([otpc, "gen", "--out-dir", out, "--depfile", out / "d", schema], check=True)
    return [out / f"{schema.name}.h", out / f"{schema.name}.cpp"]


def main():
    otpc, scratch = sys.argv[1], pathlib.Path(sys.argv[2])
    shutil.rmtree(scratch, ignore_errors=True)
    failed = 0
    schemas = sorted(HERE.glob("*/*.otp"))
    for schema in schemas:
        outputs = generate(otpc, schema, scratch / "first")
        before = [file.stat().st_mtime_ns for file in outputs]
        generate(otpc, schema, scratch / "first")
        if before != [file.stat().st_mtime_ns for file in outputs]:
            print(f"{schema.name}: a second run touched files that had not changed")
            failed += 1
        again = generate(otpc, schema, scratch / "second")
        for output, other in zip(outputs, again):
            if output.read_bytes() != other.read_bytes():
                print(f"{output.name}: differs from one run to the next")
                failed += 1
            golden = schema.with_name(output.name)
            if "--update" in sys.argv:
                golden.write_bytes(output.read_bytes())
            elif not golden.exists() or golden.read_bytes() != output.read_bytes():
                subprocess.run(["diff", "-u", golden, output])
                failed += 1
    print(f"{len(schemas)} schemas, {failed} findings")
    return 1 if failed or not schemas else 0


sys.exit(main())
