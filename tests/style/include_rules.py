"""The include arrows: which folder may see which, and who alone sees a library of others."""

import re

from source_tree import Finding

# Folder -> folders that it may include besides itself. A folder that is not listed is an error, so
# that a new one has to find its place in the order first.
COMPILER = {
    "source": set(),
    "diagnostics": {"source"},
    "ast": {"source", "diagnostics"},
    "syntax": {"source", "diagnostics", "ast"},
    "model": {"source"},
    "sema": {"source", "diagnostics", "ast", "model"},
    "ir": {"source", "model"},
    "lower": {"source", "diagnostics", "model"},
    "render": {"lower"},
    "driver": {"source", "diagnostics", "ast", "syntax", "model", "sema", "ir", "lower",
               "render", "tools"},
    "tools": {"source", "diagnostics", "ast", "syntax", "model", "sema"},
}
RUNTIME = {
    "core": set(),
    "etf": {"core"},
    "fiber": {"core"},
    "process": {"core", "fiber"},
    "sys": {"core", "fiber", "process"},
    "behaviours": {"core", "process", "sys"},
    "io": {"core", "fiber", "process"},
    "dist": {"core", "fiber", "process", "etf", "io"},
    "testing": {"core", "fiber", "process"},
}
SIDES = {"compiler": COMPILER, "runtime/src": RUNTIME}

# Include path -> the only folders that may use it.
RESERVED = [
    (r"antlr4|Otp(Lexer|Parser)\w*\.h$", ["compiler/syntax", "tests/unit/syntax"], "ANTLR"),
    (r"llvm/|llvm-c/", ["compiler", "tests"], "LLVM"),
    (r"boost/(fiber|context)/", ["runtime/src/fiber", "tests/unit/fiber"], "Boost.Fiber"),
    (r"boost/(asio|beast)", ["runtime/src/io", "runtime/src/dist", "tests"], "Boost.Asio"),
    (r"thread$", ["runtime/src/fiber", "tests", "examples"], "std::thread"),
    (r"(spdlog|fmt)/", ["runtime/src/sys", "tests/unit/sys"], "spdlog"),
    (r"toml\+\+/", ["runtime/src/behaviours"], "toml++"),
    (r"(fstream|filesystem|llvm/Support/FileSystem\.h)$",
     ["compiler/driver", "compiler/tools", "runtime", "tests", "examples"], "the file system"),
]

# Code -> the only folders of the compiler that may say it.
DRIVER_ONLY = [
    (r"\b(secure_)?getenv\b", "the environment"),
    (r"\bargv\b", "the command line"),
    (r"\b(std::|::)_?(exit|quick_exit|abort)\s*\(", "the end of the program"),
    (r"\b(getFile|getFileOrSTDIN|raw_fd_ostream|fopen|ifstream|ofstream)\b", "files"),
]

STANDARD = re.compile(r"[a-z_0-9]+$")


def folder_of(path):
    """(side, folder) of a file that belongs to one, else None."""
    for side in SIDES:
        if path.startswith(side + "/"):
            rest = path[len(side) + 1:].split("/")
            return (side, rest[0]) if len(rest) > 1 else None
    return None


def check_arrows(files):
    for file in files:
        place = folder_of(file.path)
        if not file.is_code or place is None:
            continue
        side, folder = place
        allowed = SIDES[side].get(folder)
        if allowed is None:
            yield Finding(file.path, 0, "arrows", f"{side}/{folder} has no place in the include "
                          "order (tests/style/include_rules.py)")
            continue
        for line, path, is_system in file.includes:
            target = path.split("/")[0]
            if is_system or "/" not in path or target == folder or target == "otp":
                continue
            if target not in SIDES[side]:
                yield Finding(file.path, line, "arrows", f'"{path}": no folder of {side}')
            elif target not in allowed:
                seen = ", ".join(sorted(allowed)) or "no other folder"
                yield Finding(file.path, line, "arrows", f'{side}/{folder} must not include '
                              f'"{path}": it may see {seen}')


def check_sides(files):
    """Compiler and runtime meet in generated code and one header."""
    for file in files:
        for line, path, _ in file.includes if file.is_code else []:
            runtime_header = path.startswith("otp/") and path != "otp/gen/version.h"
            compiler_header = path.split("/")[0] in COMPILER
            if file.is_under("compiler") and runtime_header:
                yield Finding(file.path, line, "sides", f"the compiler must not include <{path}>: "
                              "of the runtime it may see only <otp/gen/version.h>")
            if file.is_under("runtime") and compiler_header:
                yield Finding(file.path, line, "sides", f'the runtime must not include "{path}" of '
                              "the compiler")


def check_reserved(files):
    for file in files:
        for line, path, _ in file.includes if file.is_code else []:
            for pattern, folders, what in RESERVED:
                if re.match(pattern, path) and not file.is_under(*folders):
                    where = ", ".join(folders)
                    yield Finding(file.path, line, "reserved", f"<{path}>: {what} is seen only by "
                                  f"{where}")


def check_public_headers(files):
    """Neither what users include nor what is generated shows them a library of others."""
    for file in files:
        public = file.is_under("runtime/include") and file.suffix == ".h"
        generated = re.search(r"\.otp\.(h|cpp)$", file.path)
        if not public and not generated:
            continue
        for line, path, is_system in file.includes:
            fine = path.startswith("otp/") or (is_system and STANDARD.match(path))
            if generated and re.search(r"\.otp\.h$", path):
                fine = True
            if not fine:
                who = "a public header" if public else "generated code"
                yield Finding(file.path, line, "public_headers", f"{who} may include only "
                              f"<otp/...> and the standard library, not <{path}>")


def check_driver_only(files):
    for file in files:
        if not file.is_code or not file.is_under("compiler"):
            continue
        if file.is_under("compiler/driver", "compiler/tools") or file.path == "compiler/main.cpp":
            continue
        for pattern, what in DRIVER_ONLY:
            for match in re.finditer(pattern, file.code):
                line = file.code.count("\n", 0, match.start()) + 1
                yield Finding(file.path, line, "driver_only", f"`{match.group().strip()}`: only "
                              f"compiler/driver touches {what}")


def check_supervisor(files):
    """A supervisor is written with what every user has, plus the plan that it carries out."""
    for file in files:
        if not re.match(r"runtime/src/behaviours/(dynamic_)?supervisor", file.path):
            continue
        for line, path, _ in file.includes:
            if path.split("/")[0] in RUNTIME and not path.startswith("behaviours/"):
                yield Finding(file.path, line, "supervisor", "a supervisor uses only the public "
                              f'process API and restart_plan, not "{path}"')


CHECKS = [check_arrows, check_sides, check_reserved, check_public_headers, check_driver_only,
          check_supervisor]
