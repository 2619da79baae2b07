"""Writes one mutated source: mutate.py MUTANTS NAME SOURCE_ROOT OUT."""
import pathlib
import sys
import tomllib


def main(mutants, name, root, out):
    mutant = tomllib.loads(pathlib.Path(mutants).read_text())[name]
    source = pathlib.Path(root, mutant["file"]).read_text()
    if source.count(mutant["find"]) != 1:
        sys.exit(f"{mutants}: `find` of {name} must occur once in {mutant['file']}, not "
                 f"{source.count(mutant['find'])} times: bring it up to date")
    pathlib.Path(out).write_text(source.replace(mutant["find"], mutant["replace"]))


main(*sys.argv[1:])
