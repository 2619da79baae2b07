"""The files of the project as the checks see them: path, lines, and what their code says."""

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SKIPPED_FOLDERS = {".git", ".cache", "build", "__pycache__"}
CODE = {".cpp", ".h", ".def"}

_NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


@dataclass(frozen=True)
class SourceFile:
    path: str  # relative to the root, with slashes
    data: bytes

    @cached_property
    def text(self):
        return self.data.decode("utf-8", errors="replace")

    @cached_property
    def lines(self):
        return self.text.splitlines()

    @property
    def name(self):
        return self.path.rsplit("/", 1)[-1]

    @property
    def suffix(self):
        return Path(self.path).suffix

    @property
    def is_code(self):
        return self.suffix in CODE

    @cached_property
    def code(self):
        """The text with comments and string literals blanked, line numbers kept."""
        keep_lines = lambda match: re.sub(r"[^\n]", " ", match.group())
        return _NOT_CODE.sub(keep_lines, self.text)

    @cached_property
    def includes(self):
        """(line, path, is_system) of each #include."""
        found = []
        for match in _INCLUDE.finditer(self.text):
            line = self.text.count("\n", 0, match.start(1)) + 1
            found.append((line, match.group(2), match.group(1) == "<"))
        return found

    def is_under(self, *folders):
        return any(self.path.startswith(folder + "/") for folder in folders)


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.message} [{self.rule}]"


def read_tree(root):
    files = []
    for folder, names, file_names in os.walk(root):
        names[:] = sorted(name for name in names if name not in SKIPPED_FOLDERS)
        for name in sorted(file_names):
            if name == ".git":  # of a worktree: where its repository is
                continue
            full = Path(folder, name)
            if full.is_file() and not full.is_symlink():
                files.append(SourceFile(full.relative_to(root).as_posix(), full.read_bytes()))
    return files
