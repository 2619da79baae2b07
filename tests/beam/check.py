#!/usr/bin/env python3
"""Clients for Erlang and Elixir: check.py OTPC SCRATCH

What otpc makes of every good schema of the tree, and of hostile ones in which words and names of
both languages stand in every place, is compiled by the real erlc and elixirc with warnings as
errors. Then wire.erl and wire.exs call it and compare what arrives; EDoc reads the comments.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OTPC, SCRATCH = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
SKIPPED = 77
COMPILERS = {"erlang": ["erlc", "-Werror", "+debug_info"],
             "elixir": ["elixirc", "--warnings-as-errors"]}
findings = []
sys.path.insert(0, str(ROOT / "tests/compile"))

KERNEL = """abs apply binary_part bit_size div elem exit floor get hd if inspect is_atom length list
 make_ref map max min node not pid put rem round self send size spawn term throw tl to_string
 trunc tuple_size unless use binding def defp defmacro defstruct destructure dbg exports import
 alias quote unquote super receive case cond for with fn end do when and or in rescue after else
 begin fun maybe xor band catch try of let server timeout manager args start_link child_spec
 module_info behaviour_info add_handler subscribe message pid run async await nil undefined true_
 string integer any atom binary float function iodata module number reference struct tuple keyword
 cart cart_async sync_cart Cart CART camelCase HTTPServer x1 _1 _a __ _ Server Timeout t""".split()
# No declaration may be called as a type of the language is.
TYPES = {"atom", "list", "map", "pid", "string", "term"}


def run(command, **options):
    # A node that crashes leaves its dump in the current folder.
    return subprocess.run(command, capture_output=True, text=True, timeout=600,
                          **{"cwd": SCRATCH, **options})


def good_schemas():
    for path in sorted([*ROOT.glob("examples/**/*.otp"), *ROOT.glob("tests/**/*.otp")]):
        of_diagnostics = ROOT / "tests/diagnostics" in path.parents
        if of_diagnostics and path.name != "good.otp":
            continue
        # Most schemas of the diagnostics are called alike, and would be one module.
        text = path.read_text(errors="replace")
        alone = of_diagnostics and len(list(path.parent.glob("*.otp*"))) == 2
        if alone and (renamed := re.sub(r"\bmodule \w+", f"module {path.parent.name.lower()}", text,
                                        count=1)) != text:
            path = SCRATCH / "schemas" / f"{path.parent.name.lower()}.otp"
            path.write_text(renamed)
        yield path


def hostile_schemas():
    """One name per line of each place: some are refused because they differ only in case."""
    words = list({word.lower(): word for word in KERNEL if word not in ("none", "_")}.values())
    fields = " ".join(f"{word}: u8 = 1;" for word in words)
    many = ", ".join(f"{word}: u8" for word in words)
    declared = [word for word in words if word not in TYPES]
    each = {
        "fields": f"struct Fields {{ {fields} }} ",
        "members": "enum Members { " + " ".join(f"{word};" for word in words) + " } "
                   "union May { undefined; some(x: u8); } "
                   "server Absent { init(); call get(a: Members?, b: May?, c: atom? = \"x\") -> "
                   "atom?; }",
        "cases": "union Cases { " + " ".join(f"{word}(x: u8);" for word in words) + " }",
        "structs": " ".join(f"struct {word} {{ x: u8; }}" for word in declared)
                   + f" server All {{ init(); call all(a: {declared[0]}) -> {declared[-1]}; }}",
        "constants": " ".join(f"const {word}: u8 = 1;" for word in declared),
        "calls": "server Calls { init(" + many + "); "
                 + " ".join(f"call {word}({word}: u8, after_all: string = \"#{{1}}\\\"\\n\") -> u8;"
                            for word in words if word != "exit") + " }",
        "casts": "server Casts { init(); "
                 + " ".join(f"cast {word}({many});" for word in words[:20] if word != "exit")
                 + " }",
        "events": "events Many { " + " ".join(f"event {word}({word}: u8);" for word in words)
                  + " } handler One for Many { init(" + many + "); on size; "
                  + " ".join(f"call {word}_call(x: u8 = 1);" for word in words) + " }",
        "topics": "topic Many(" + many + ") { "
                  + " ".join(f"{word}({word}: u8);" for word in words) + " }",
        # Each is a module: those that would be one are refused.
        "tasks": " ".join(f"task {word}({many}) -> bool?;"
                          for word in declared if word[0] != "_"),
        "docs": '/// Says """ and `code\' and \\ and #{1} and <b> & @doc {@link x} [a] == b.\n'
                "/// @spec\n///\n/// '''\nserver Docs { init(); "
                '/// Says """ and `code and \\ and #{1} and <b> & @doc {@link x} [a] == b.\n'
                "call get(); }",
        "values": 'const a: f64 = 1.0; const b: f64 = 1e100; const c: f64 = -0.001; '
                  'const d: string = "a\\t\\0#{x}\\"\\\\\\r\\n\u00e9"; '
                  'const e: atom = "an atom\'s"; const f: bytes = "\\0x"; '
                  "const g: list<u8> = [1, 2]; const h: duration = 1h;",
    }
    for name, text in each.items():
        path = SCRATCH / "schemas" / f"hostile_{name}.otp"
        path.write_text(f"module hostile_{name};\n{text}\n".replace(";", ";\n").replace("task ",
                                                                                    "\ntask "))
        yield path
    for name in ("lists", "string", "logger", "task", "registry", "gen_server", "a1", "if"):
        path = SCRATCH / "schemas" / f"{name}.otp"
        path.write_text(f"module {name};\nstruct A {{ x: u8; }}\n"
                        "server Supervisor { init(); call get() -> A; }\n")
        yield path


def generate(language, path):
    """The generated files of a schema and of what it imports, {relative path: text}."""
    folders = [path.parent, path.parent.parent]
    includes = [word for folder in folders for word in ("-I", folder)]
    ir = run([OTPC, "ir", *includes, path])
    if ir.returncode != 0:
        findings.append(f"{path.name}: otpc refuses it\n{ir.stderr[:2000]}")
        return {}
    files = [next(folder / module["file"] for folder in folders
                  if (folder / module["file"]).exists())
             for module in json.loads(ir.stdout)["modules"]]
    out = SCRATCH / "one"
    shutil.rmtree(out, ignore_errors=True)
    done = run([OTPC, "gen", "--lang", language, "--out-dir", out, *includes, *files])
    if done.returncode != 0:
        findings.append(f"{path.name} for {language}: {done.stderr[:2000]}")
    return {str(file.relative_to(out)): file.read_text() for file in out.rglob("*")
            if file.is_file()}


def batches(language, schemas):
    """Few runs of the compiler: what has no file in common is compiled together."""
    result = []
    for path in schemas:
        made = generate(language, path)
        batch = next((each for each in result
                      if all(each.get(name, text) == text for name, text in made.items())), None)
        if batch is None:
            result.append(batch := {})
        batch.update(made)
    return result


def compile_all(language, schemas):
    count = 0
    for number, batch in enumerate(batches(language, schemas)):
        folder = SCRATCH / language / str(number)
        (folder / "ebin").mkdir(parents=True)
        for name, text in batch.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        count += len(batch)
        if not batch:
            continue
        done = run([*COMPILERS[language], "-o", folder / "ebin",
                    *[folder / name for name in sorted(batch)]])
        if done.returncode != 0:
            findings.append(f"{COMPILERS[language][0]}:\n{(done.stdout + done.stderr)[:4000]}")
    return count


def check_wire(goldens):
    """The golden schemas' clients, called."""
    for language, script in (("erlang", "wire.erl"), ("elixir", "wire.exs")):
        ebin = SCRATCH / f"{language}_wire"
        ebin.mkdir()
        files = {}
        for path in goldens:
            files.update(generate(language, path))
        for name, text in files.items():
            (ebin / name).parent.mkdir(parents=True, exist_ok=True)
            (ebin / name).write_text(text)
        sources = [ebin / name for name in sorted(files)]
        if language == "erlang":
            sources.append(HERE / script)
        run([*COMPILERS[language], "-o", ebin, *sources], check=True)
        command = ["erl", "-noshell", "-pa", ebin, "-s", "wire", "main"] if language == "erlang" \
            else ["elixir", "-pa", ebin, HERE / script]
        done = run(command)
        if done.returncode != 0 or "all that was sent arrived" not in done.stdout:
            findings.append(f"{script}: {done.returncode}\n{done.stdout}{done.stderr}"[:4000])


def check_names_elsewhere():
    """Functions and types of other modules are exported there: neither compiler looks."""
    ebin = SCRATCH / "erlang_wire"
    sources = "".join(file.read_text() for file in ebin.glob("*.erl"))
    types = sorted(set(re.findall(r"\b([a-z_]+):([a-z_]+)\(\)", "".join(
        re.findall(r"^-(?:spec|type) .*?\.$", sources, re.M | re.S)))))
    listed = ", ".join(f"{{{module}, {name}}}" for module, name in types)
    script = ("Has = fun(M) -> {ok, {_, [{_, {_, F}}]}} = "
              "beam_lib:chunks(code:which(M), [abstract_code]), "
              "[T || {attribute, _, export_type, Ts} <- F, {T, 0} <- Ts] end, "
              f"Types = [{{M, T}} || {{M, T}} <- [{listed}], not lists:member(T, Has(M))], "
              f'Undefined = proplists:get_value(undefined, xref:d("{ebin}")), '
              'io:format("~p~n", [Types ++ Undefined]), halt().')
    done = run(["erl", "-noshell", "-pa", ebin, "-eval", script])
    if done.stdout.split() != ["[]"] or len(types) < 5:
        findings.append(f"of {types} and the functions these are not exported:\n"
                        f"{done.stdout}{done.stderr}"[:4000])


def check_edoc():
    sources = sorted((SCRATCH / "erlang/0").glob("*.erl"))
    listed = ", ".join(f'"{source.resolve()}"' for source in sources)
    out = (SCRATCH / "edoc").resolve()
    done = run(["erl", "-noshell", "-eval", f'ok = edoc:files([{listed}], [{{dir, "{out}"}}]), '
                "halt()."])
    pages = list(out.glob("*.html"))
    if done.returncode != 0 or len(pages) < len(sources) or "warning" in done.stdout + done.stderr:
        findings.append(f"edoc: {len(pages)} pages of {len(sources)} modules\n"
                        f"{(done.stdout + done.stderr)[:4000]}")


def check_known_modules():
    """compiler/lower/beam_names.cpp knows every module that a node of this machine has."""
    text = (ROOT / "compiler/lower/beam_names.cpp").read_text()

    def known(name):
        return set(re.search(rf'{name} = R"\((.*?)\)"', text, re.S).group(1).split())

    of_erlang = run(["erl", "-noshell", "-eval",
                     '[io:format("~s ", [filename:basename(F, ".beam")]) || A <- [kernel, stdlib],'
                     ' F <- filelib:wildcard(code:lib_dir(A, ebin) ++ "/*.beam")], halt().'])
    of_elixir = run(["elixir", "-e", "{:ok, names} = :application.get_key(:elixir, :modules); "
                     'for n <- names, do: IO.puts(n)'])
    first = {name.split(".")[1] for name in of_elixir.stdout.split() if name.startswith("Elixir.")}
    for what, installed, listed in (("erlang", set(of_erlang.stdout.split()), "erlang_modules"),
                                    ("elixir", first, "elixir_modules")):
        missing = installed - known(listed)
        if missing or len(installed) < 20:
            findings.append(f"{listed}: {len(installed)} installed, without {sorted(missing)}")


def check_template_names():
    """What a template names and no data has would print nothing, without a word."""
    lowered = (ROOT / "compiler/lower/beam.cpp").read_text()
    given = set(re.findall(r'(?:^\s*|\{)\{"(\w+)",\s', lowered, re.M)) | \
        set(re.findall(r'\w\["(\w+)"\] =', lowered))
    used = set()
    for template in [*ROOT.glob("templates/erlang/*"), *ROOT.glob("templates/elixir/*")]:
        names = set(re.findall(r"\{\{[{#^/&]?(\w+)\}\}", template.read_text()))
        used |= names
        if names - given:
            findings.append(f"{template.name}: no data has {sorted(names - given)}")
    if given - used:
        findings.append(f"beam.cpp: no template prints {sorted(given - used)}")


def main():
    absent = [each[0] for each in COMPILERS.values() if not shutil.which(each[0])]
    if absent:
        print(f"not installed: {', '.join(absent)}; nothing is tested")
        return SKIPPED
    shutil.rmtree(SCRATCH, ignore_errors=True)
    (SCRATCH / "schemas").mkdir(parents=True)
    goldens = sorted((ROOT / "tests/golden").glob("*/*.otp"))
    schemas = goldens + list(hostile_schemas()) + [each for each in good_schemas()
                                                   if each not in goldens]
    counts = {language: compile_all(language, schemas) for language in COMPILERS}
    check_wire(goldens)
    check_names_elsewhere()
    check_edoc()
    check_known_modules()
    check_template_names()
    for finding in findings:
        print(finding)
    print(f"{len(schemas)} schemas, {counts} modules, {len(findings)} findings")
    return 1 if findings or min(counts.values()) < 100 else 0


sys.exit(main())
