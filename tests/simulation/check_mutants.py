"""Runs the simulation on every mutant of the runtime: check_mutants.py LIMIT PROGRAM...

A mutant is found when the simulation fails and names a seed. Every seed that is named must fail
again, alone. At most LIMIT mutants may stay unfound.
"""
import os
import pathlib
import re
import subprocess
import sys


def run(program, seed=None):
    env = dict(os.environ)
    env.pop("OTP_SEED", None)
    if seed:
        env["OTP_SEED"] = seed
    try:
        result = subprocess.run([program], env=env, capture_output=True, text=True, timeout=100)
    except subprocess.TimeoutExpired:
        return True, ""
    return result.returncode != 0, result.stdout + result.stderr


def main(limit, programs):
    unfound, broken = [], []
    for program in programs:
        name = pathlib.Path(program).name
        failed, output = run(program)
        seed = re.search(r"OTP_SEED=(\d+)", output)
        if not failed or not seed:
            unfound.append(name)
            print(f"{name}: not found")
            continue
        again, _ = run(program, seed.group(1))
        if not again:
            broken.append(name)
        print(f"{name}: found by seed {seed.group(1)}{'' if again else ', which does not replay'}")
    print(f"{len(programs) - len(unfound)} of {len(programs)} mutants found")
    return 1 if len(unfound) > limit or broken else 0


sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
