#!/usr/bin/env python3
"""Builds the fuzzers, or runs one:  run.py ROOT BUILD build|syntax|sema|format|ir|compat|render

A fuzzer begins with every schema of the tree and with what is kept in corpus/, its own folder and
`all`; then it goes on for OTP_FUZZ_SECONDS, 5 unless said. An input that shows a fault is left in
BUILD/found, made small; put it into corpus/ under a name that says what was wrong.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT, BUILD, WHAT = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
SKIPPED = 77
# A schema of 20 KB takes 10 ms without sanitizers: 20 s are a fault.
LIMITS = ["-timeout=20", "-rss_limit_mb=2048", "-malloc_limit_mb=1024", "-max_len=20000"]


def build():
    if not shutil.which("clang++-22"):
        print("clang++-22 is not installed: nothing is fuzzed")
        return SKIPPED
    subprocess.run(["cmake", "--preset", "fuzz", "-S", ROOT, "-B", BUILD, "--log-level=WARNING"],
                   cwd=ROOT, check=True)
    return subprocess.run(["cmake", "--build", BUILD, "--target", "fuzzers"]).returncode


def schemas():
    for path in sorted(ROOT.rglob("*.otp")):
        parts = path.relative_to(ROOT).parts
        if not any(part.startswith((".", "build")) for part in parts) and "fuzz" not in parts:
            yield path


def seeds(folder):
    """Each schema of the tree, and pairs of those that stand in one folder as two files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    together = {}
    for number, path in enumerate(schemas()):
        text = path.read_bytes()
        if len(text) < 20_000:
            (folder / f"{number:04}").write_bytes(text)
            together.setdefault(path.parent, []).append(text)
    for number, texts in enumerate(together.values()):
        if len(texts) > 1 and sum(map(len, texts)) < 20_000:
            (folder / f"together{number:04}").write_bytes(b"//// next file\n".join(texts))
    return folder


def fuzz():
    program = BUILD / "bin" / f"fuzz_{WHAT}"
    if not program.exists():
        print(f"{program.name} is not built: nothing is fuzzed")
        return SKIPPED
    work = BUILD / "work" / WHAT
    found = BUILD / "found"
    grown = work / "grown"
    for folder in (found, grown):
        folder.mkdir(parents=True, exist_ok=True)
    kept = [folder for folder in (ROOT / "tests/fuzz/corpus" / name for name in ("all", WHAT))
            if folder.is_dir()]
    seconds = os.environ.get("OTP_FUZZ_SECONDS", "5")
    seed = os.environ.get("OTP_FUZZ_SEED", "1")  # a run of the suite finds what the last one found
    environment = {"UBSAN_OPTIONS": "print_stacktrace=1", **os.environ}
    # libFuzzer counts the time of the corpus in, and one round through it has to be free of faults
    # whatever the time: it comes first, by itself.
    corpus = [seeds(work / "seeds"), *kept]
    begun = time.monotonic()
    first = subprocess.run([program, *LIMITS, "-runs=0", f"-artifact_prefix={found}/{WHAT}-",
                            *corpus], env=environment, capture_output=True, text=True)
    print(first.stderr[-6000:] if first.returncode else first.stderr.splitlines()[-1])
    if first.returncode or seconds == "0":
        return bool(first.returncode)  # libFuzzer's own is the number of what is skipped
    total = int(seconds) + int(time.monotonic() - begun) + 1
    done = subprocess.run([program, *LIMITS, f"-seed={seed}", f"-max_total_time={total}",
                           "-print_final_stats=1", f"-artifact_prefix={found}/{WHAT}-",
                           "-reload=0", grown, *corpus],
                          env=environment, capture_output=True, text=True)
    print(done.stderr[-6000:] if done.returncode else "\n".join(done.stderr.splitlines()[-8:]))
    return bool(done.returncode)


sys.exit(build() if WHAT == "build" else fuzz())
