#!/usr/bin/env python3
"""`otpc doc` against what is kept in pages/: check_doc.py OTPC SCRATCH [--update]

Besides: what links lead to is there, HTML is in balance, a text with marks of both languages stays
that text, and a module that is only imported is named without a link.
"""
import html.parser
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
OTPC, SCRATCH = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
GRAPHS, PAGES = HERE / "graphs", HERE / "pages"
CART = HERE.parents[1] / "generated/cart"
findings = []
shutil.rmtree(SCRATCH, ignore_errors=True)


def doc(arguments, cwd):
    return subprocess.run([OTPC, "doc", *arguments], capture_output=True, text=True, timeout=60,
                          cwd=cwd)


def write_pages(style, schemas, cwd, out):
    done = doc([f"--format={style}", "--out-dir", out, *schemas], cwd)
    if done.returncode != 0:
        findings.append(f"{schemas} as {style}: {done.returncode} {done.stderr}")
    return {str(path.relative_to(out)): path.read_text() for path in sorted(out.rglob("*"))
            if path.is_file()}


class Balanced(html.parser.HTMLParser):
    """Which elements are open; what is alone has no end."""
    def __init__(self):
        super().__init__()
        self.open, self.wrong = [], []

    def handle_starttag(self, tag, attributes):
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def check_links(style, pages):
    linked = 0
    for name, text in pages.items():
        for target in re.findall(r'href="([^"]*)"' if style == "html" else r"\]\(([^)]*)\)", text):
            file, _, anchor = target.partition("#")
            parts = [*pathlib.PurePath(name).parent.parts, *pathlib.PurePath(file).parts]
            resolved = []
            for part in parts:
                resolved = resolved[:-1] if part == ".." else [*resolved, part]
            page = pages.get("/".join(resolved) if file else name)
            if page is None or (anchor and f'id="{anchor}"' not in page):
                findings.append(f"{name}: nothing is at {target}")
            linked += 1
    if linked < 10:
        findings.append(f"only {linked} links in {sorted(pages)}")


for style in ("markdown", "html"):
    for what, schemas, cwd in (("shop", ["shop.otp", "prices.otp"], GRAPHS),
                               ("cart", ["-I", ".", "shop/cart.otp", "shop/money.otp"], CART)):
        pages = write_pages(style, schemas, cwd, SCRATCH / style / what)
        check_links(style, pages)
        for name, text in pages.items():
            golden = PAGES / what / name
            if "--update" in sys.argv:
                golden.parent.mkdir(parents=True, exist_ok=True)
                golden.write_text(text)
            elif not golden.exists() or golden.read_text() != text:
                subprocess.run(["diff", "-u", golden, SCRATCH / style / what / name])
                findings.append(f"{what}/{name} differs; --update writes it anew")
            if style == "html":
                parser = Balanced()
                parser.feed(text)
                if parser.open or parser.wrong:
                    findings.append(f"{name}: {parser.open} {parser.wrong}")

marks = SCRATCH / "marks.otp"
marks.write_text('module marks;\n/// A `list<A>` & "b" | c.\n///\n/// <script>x</script>\n'
                 'struct A_b { a_b: string = "*_`|<&>"; x: list<A_b>; }\n')
page = write_pages("markdown", [marks], SCRATCH, SCRATCH / "marks_md")["marks.md"]
# A bar would end the cell and a backquote the code, so it is code of HTML, with every mark escaped.
for text in (r"<code>&quot;\*\_\`\|&lt;&amp;&gt;&quot;</code>", "`a_b`"):
    if text not in page:
        findings.append(f"marks.md has no {text}:\n{page}")
page = write_pages("html", [marks], SCRATCH, SCRATCH / "marks")["marks.html"]
for text in ("<p>A <code>list&lt;A&gt;</code> &amp; &quot;b&quot; | c.</p>",
             "<p>&lt;script&gt;x&lt;/script&gt;</p>", "<code>&quot;*_`|&lt;&amp;&gt;&quot;</code>",
             'list&lt;<a href="#A_b">A_b</a>&gt;'):
    if text not in page:
        findings.append(f"marks.html has no {text}:\n{page}")
alone = write_pages("markdown", ["shop.otp"], GRAPHS, SCRATCH / "alone")
if "prices.md" in alone or "](prices.md" in alone["shop.md"] or "Prices" not in alone["shop.md"]:
    findings.append("a module that is only imported has a page, or a link")
for arguments, status, text in ((["shop.otp"], 2, "--out-dir"),
                                (["--format=pdf", "--out-dir", "x", "shop.otp"], 2, "html"),
                                (["--out-dir", "x", "missing.otp"], 3, "missing.otp")):
    done = doc(arguments, SCRATCH)
    if done.returncode != status or text not in done.stderr or (SCRATCH / "x").exists():
        findings.append(f"{arguments}: {done.returncode} {done.stderr}")

for finding in findings:
    print(finding)
print(f"{len(findings)} findings")
sys.exit(1 if findings else 0)
