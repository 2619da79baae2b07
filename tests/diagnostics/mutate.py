"""Single mistakes, as people make them: the mutations of a schema, and what a schema is made of."""
import random
import re

TOKEN = re.compile(r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<number>\d[\w.]*(?<!\.))
    |(?P<word>[A-Za-z_]\w*)|(?P<sign>::|->|\.\.|[^\s\w])""", re.X | re.S)
KEYWORDS = set("""module version import const alias struct enum union error protocol server statem
    events handler topic task agent registry dynamic partition supervisor application uses init
    throws state mailbox limit overflow hibernate after call cast info every continue terminate
    trap_exit timeout upgrade from data on enter state_timeout to postpone final any event for
    unique duplicate key names strategy intensity in auto_shutdown child restart shutdown
    significant name handlers max_children partitions by backoff env depends start start_phases
    true false none""".split())


def tokens_of(text):
    """(kind, begin, end) of everything but comments and white space."""
    return [(match.lastgroup, *match.span()) for match in TOKEN.finditer(text)
            if match.lastgroup != "comment"]


def misspelled(word, chance):
    """One letter left out, doubled, changed or swapped with the next."""
    at = chance.randrange(len(word))
    wrong = chance.choice((word[:at] + word[at + 1:], word[:at] + word[at] + word[at:],
                           word[:at] + chance.choice("aeioxz") + word[at + 1:],
                           word[:at] + word[at + 1:at + 2] + word[at] + word[at + 2:]))
    return wrong if re.fullmatch(r"[A-Za-z_]\w*", wrong) else word + word[-1]


def mutation(text, chance, begin=0, end=None):
    """(what was done, where, the new text), or None when the choice fits nothing here. Only what
    stands from begin to end is changed."""
    last = len(text) if end is None else end
    tokens = [each for each in tokens_of(text) if begin <= each[1] and each[2] <= last]
    kind = chance.choice(("delete", "duplicate", "misspell a name", "misspell a keyword", "swap",
                          "drop a brace", "drop a semicolon", "insert"))
    fitting = {
        "misspell a name": lambda word: len(word) > 3 and word not in KEYWORDS
                                        and word[0].isalpha(),
        "misspell a keyword": lambda word: len(word) > 3 and word in KEYWORDS,
        "drop a brace": lambda word: word in "{}",
        "drop a semicolon": lambda word: word == ";",
    }.get(kind, lambda word: True)
    places = [i for i, (_, begin, end) in enumerate(tokens) if fitting(text[begin:end])]
    if not places:
        return None
    i = chance.choice(places)
    _, begin, end = tokens[i]
    word = text[begin:end]
    if kind == "duplicate":
        new = word + " " + word
    elif kind.startswith("misspell"):
        new = misspelled(word, chance)
    elif kind == "insert":
        new = chance.choice("; { } ) ( , call end x 7 @".split()) + " " + word
    elif kind == "swap":
        if i + 1 == len(tokens):
            return None
        _, next_begin, next_end = tokens[i + 1]
        new = text[next_begin:next_end] + " " + word
        end = next_end
    else:
        new = ""
    if text[begin:end] == new:
        return None
    return f"{kind} `{word}`", begin, text[:begin] + new + text[end:]


def declarations(text):
    """(begin, end) of those that begin at the very left, the module's line left out."""
    begins = [match.start() for match in re.finditer(r"^(?!module)[a-z@]", text, re.M)]
    return list(zip(begins, begins[1:] + [len(text)]))


def several(text, count, chance):
    """The text with a mistake in each of `count` declarations, and with each of them alone."""
    places = declarations(text)
    if len(places) < count:
        return None
    chosen = sorted(chance.sample(places, count), reverse=True)
    alone, together = [], text
    for begin, end in chosen:
        made = mutation(text, chance, begin, end)
        if made is None:
            return None
        _, _, changed = made
        together = together[:begin] + changed[begin:len(changed) - (len(text) - end)] + \
            together[end:]
        alone.append(changed)
    return together, alone


def mutations(schemas, count, seed):
    """`count` of them, spread over the schemas: (path, what, where, text)."""
    chance = random.Random(seed)
    paths = sorted(schemas)
    while count > 0:
        path = chance.choice(paths)
        made = mutation(schemas[path], chance)
        if made is None:
            continue
        count -= 1
        yield path, *made
