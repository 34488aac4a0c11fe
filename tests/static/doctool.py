# SPDX-License-Identifier: GPL-2.0-or-later
"""doctool.py ROOT CHECK: does what the documents say fit the tree? Prints what does not.

names     every message, record, command and attribute of the headers is in PROTOCOL.md,
          with its number; names of the headers that documents use exist
links     relative links lead to a file, and to a heading of it; files and tests that are
          named exist
installed relative links of documents that were installed, of all that ROOT has, likewise
words     make targets, sub-commands, options, module parameters exist
messages  docs/trouble.md quotes what the sources say, and has every refusal
places    CONTRIBUTING.md's counts of places are those of the tree
figures   the benchmark's figures are those of the report
samples   prints the examples of PROTOCOL.md as C, for docs.t to compile
states    prints the tables of ARCHITECTURE.md likewise
"""

import glob
import json
import os
import re
import sys

DOCUMENTS = ("*.md", "docs/*.md", "pfdrv/*.md", "pfdrv/*/*.md", "qemu-hooks/*/README.md",
             "tests/lab/README.md", "tests/bench/README.md")
SOURCES = ("pfdrv/**/*.[ch]", "vfdrv/**/*.[ch]", "qemu-hooks/**/*.[ch]", "agent/**/*.[ch]",
           "include/**/*.[ch]")
STRING = r'"(?:[^"\\\n]|\\.)*"'
# One literal as the compiler sees it; a macro in its middle is something that varies.
LITERAL = re.compile(STRING + r"(?:[\s\\]*(?:[A-Z_][A-Za-z0-9_]*\s*)?" + STRING + r")*")
CONVERSION = re.compile(r"%(?:%|[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j|t)?"
                        r"(?:p[A-Za-z]*|[diouxXcs]))")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def files(patterns):
    return sorted({path for pattern in patterns for path in glob.glob(pattern, recursive=True)
                   if not path.endswith(".mod.c")})


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


def code_of(text):
    """What a document sets in a typewriter face: blocks (fenced or indented) and spans."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, flags=re.S | re.M)
    text = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    blocks += re.findall(r"^    (.*)$", text, flags=re.M)
    return [line for block in blocks for line in block.splitlines()] + \
        [span for span in re.findall(r"`([^`\n]+)`", text)]


# names

def enumerators(text):
    """Names and values of enums and of plain #defines."""
    values = {}
    text = without_comments(text)
    for body in re.findall(r"enum\s+\w+\s*\{(.*?)\}", text, flags=re.S):
        following = 0
        for entry in filter(str.strip, body.split(",")):
            name, _, value = (part.strip() for part in entry.partition("="))
            if value:
                try:
                    following = int(value, 0)
                except ValueError:
                    continue
            values[name] = following
            following += 1
    for name, value in re.findall(r"^#define\s+(\w+)\s+(0x[0-9a-fA-F]+|\d+)u?\s*$", text, flags=re.M):
        values[name] = int(value, 0)
    return values


def documented(name):
    return not re.search(r"UNSPEC$|_PAD$|_MAX$|_STATES$|_FIRST$|_LAST$|^__|_MASK$|_SHIFT$", name)


def names():
    headers = ("include/vferry_mbx.h", "include/vferry_stream.h", "include/uapi/vferry_pf.h",
               "include/uapi/vferry_vf.h", "include/uapi/vferry_state.h")
    values = {}
    for header in headers:
        values.update(enumerators(read(header)))
    protocol = read("PROTOCOL.md")
    rows = {name: int(value, 0) for name, value in
            re.findall(r"^\| `(VFERRY_\w+)` \| `?(0x[0-9a-f]+|\d+)`? \|", protocol, flags=re.M)}
    for name, value in sorted(values.items()):
        if not documented(name) or not name.startswith("VFERRY_"):
            continue
        if name not in rows:
            print(f"{name}: not in PROTOCOL.md, as a row | `{name}` | {value:#x} |")
        elif rows[name] != value:
            print(f"{name}: {rows[name]:#x} in PROTOCOL.md, {value:#x} in the header")
    sources = " ".join(read(path) for path in files(SOURCES))
    for path in files(DOCUMENTS):
        for name in sorted(set(re.findall(r"\bVFERRY_\w+", read(path)))):
            if not re.search(rf"\b{name}" + ("" if name.endswith("_") else r"\b"), sources) and \
                    not os.path.exists(f"tests/{name}") and name not in environment():
                print(f"{path}: {name} is nowhere in the sources")


def environment():
    """Variables of make and of the tests."""
    text = read("Makefile") + "".join(read(path) for path in files(
        ("tests/lab/*", "tests/lab/vlab/*.py", "tests/check*", "tests/bench/run"))
        if os.path.isfile(path) and not path.endswith((".cpio", ".xz")))
    return set(re.findall(r"\bVFERRY_\w+", text))


# links

def slug(heading):
    heading = re.sub(r"`|\*|\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip()).lower()
    return re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")


def headings(path):
    text = re.sub(r"^```.*?^```", "", read(path), flags=re.S | re.M)
    return {slug(line) for line in re.findall(r"^#+ (.*)$", text, flags=re.M)}


def check_links(path):
    """Returns how many there are."""
    count = 0
    text = re.sub(r"^```.*?^```|`[^`\n]+`", "", read(path), flags=re.S | re.M)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        to = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
        if not os.path.exists(to):
            print(f"{path}: {target}: no such file")
        elif anchor and anchor not in headings(to):
            print(f"{path}: {target}: no such heading")
        count += 1
    return count


def installed():
    if not sum(check_links(path) for path in files(("**/*.md",))):
        print("no document has a link")


def links():
    for path in files(DOCUMENTS):
        check_links(path)
        for span in re.findall(r"`([^`\n]+)`", read(path)):
            if re.fullmatch(r"(?:tests|pfdrv|vfdrv|qemu-hooks|agent|include|docs)/[\w./-]+", span) \
                    and "NAME" not in span and not os.path.exists(span):
                print(f"{path}: {span}: no such file")
        tests_named(path)


def unwrapped(path):
    """The text, with each paragraph in one line."""
    return re.sub(r"\n(?=[^|\s#-])", " ", read(path))


def tests_named(path):
    """`FILE`: "title", "title": the file has tests of these names."""
    for file, titles in re.findall(r'`(tests/[\w./-]+)`: ((?:"[^"\n]+"(?:, )?)+)', unwrapped(path)):
        for title in re.findall(r'"([^"]+)"', titles):
            if os.path.exists(file) and title not in read(file):
                print(f"{path}: {file}: no test \"{title}\"")


# words

def targets(makefile):
    return set(re.findall(r"^([a-z][\w.-]*)(?: [a-z][\w. -]*)?:(?!=)", read(makefile), flags=re.M))


def make_words(path, line):
    line = re.split(r" {3,}|#", re.sub(r"[\"'][^\"']*[\"']", "", line.strip()))[0]
    for words in re.findall(r"(?:^|[ ;(])make((?: +[^ ;|&#)]+)+)", line):
        directory = "."
        words = iter(words.split())
        for word in words:
            if word == "-C":
                directory = next(words, ".")
            elif word.startswith("M=") or "/lib/modules" in directory or "=" in word:
                continue
            elif word == "install" and directory == ".":
                continue	# of one of the parts, by the words around it
            elif re.fullmatch(r"[a-z][a-z0-9-]*", word):
                if not os.path.exists(f"{directory}/Makefile"):
                    print(f"{path}: make -C {directory}: no Makefile there")
                elif word not in all_targets(directory):
                    print(f"{path}: make {word}: no such target in {directory}")
            elif not word.startswith("-"):
                break


def all_targets(directory):
    text = read(f"{directory}/Makefile")
    phony = re.findall(r"^\.PHONY:(.*)$", text, flags=re.M)
    return targets(f"{directory}/Makefile") | set(" ".join(phony).split())


def commands():
    """Sub-commands of vferry and vferryctl: the words that each takes, as its help has them."""
    found = {}
    names_ = re.findall(r'\{ "(\w+)",\s*cmd_\w+,', read("qemu-hooks/cli/main.c"))
    for path in files(("qemu-hooks/**/*.c",)):
        text = read(path)
        for name in re.findall(r'"Usage: vferry (\w+)', text):
            found[name] = set(re.findall(r"(--[a-z][a-z-]*)", text)) | {"--help", "--json", "--hear"}
    for name in names_:
        found.setdefault(name, set())
    return {name: found[name] for name in names_}


def options_of(path):
    return set(re.findall(r"(--[a-z][a-z-]*)", read(path))) | {"--help", "--version"}


def vferry_words(path, line, known):
    line = re.sub(r"[\"']", " ", line)
    for words in re.findall(r"(?:^|[#$;(] *|^ *)vferry ((?:[^;|&#]+))", line):
        parts = words.split()
        if not parts or not re.match(r"[a-z]", parts[0]):
            continue
        if parts[0] not in known and parts[0] not in ("help",):
            print(f"{path}: vferry {parts[0]}: no such sub-command")
            continue
        for option in re.findall(r"(--[a-z][a-z-]*)", words):
            if option not in known.get(parts[0], set()):
                print(f"{path}: vferry {parts[0]} {option}: no such option")


def other_words(path, line):
    programs = {"vferryctl": "agent/vferryctl.c", "vferryd": "agent/vferryd.c",
                "tests/lab/run": "tests/lab/vlab/__main__.py"}
    for program, source in programs.items():
        for words in re.findall(rf"(?:^|[#$;(] *){re.escape(program)} ([^;|&#]+)", line):
            words = words.split()
            if program == "vferryctl" and words and re.fullmatch(r"[a-z]+", words[0]) and \
                    not re.search(rf'"  {words[0]} ', read(source)):
                print(f"{path}: vferryctl {words[0]}: no such command")
            if os.path.exists(source):
                for word in words:
                    option = re.match(r"--[a-z][a-z-]*", word)
                    if option and option.group() not in options_of(source):
                        print(f"{path}: {program} {option.group()}: no such option")
    for state in re.findall(r"\bip link set \S+ vf \S+ state (\w+)", line):
        words = re.search(r'"auto", "enable"[^}]*', read("qemu-hooks/host/names.c")).group()
        if f'"{state}"' not in words and state not in ("STATE", "WORD"):
            print(f"{path}: ip link … state {state}: no such state")


def parameters():
    """Module parameters, by module."""
    found = {}
    for module, patterns in (("vferry_pf", "pfdrv/**/*.c"), ("vferry_vf", "vfdrv/**/*.c"),
                             ("vferry_vfio", "qemu-hooks/vfio/**/*.c")):
        text = "".join(read(path) for path in files((patterns,)))
        named = re.findall(r"^\s*module_param(?:_cb|_named)?\((\w+)", text, flags=re.M)
        named += re.findall(r"^SETTING\((\w+)", text, flags=re.M)
        found[module] = {name for name in named if name != "name"}
    return found


def words():
    known = commands()
    for path in files(DOCUMENTS):
        # what docs/trouble.md quotes is no command
        for line in code_of(re.sub(r"^\| `[^`]+` \|", "|", read(path), flags=re.M)):
            make_words(path, line)
            vferry_words(path, line, known)
            other_words(path, line)
            for module, name in re.findall(r"\b(vferry_\w+)/parameters/(\w+)", line):
                if name not in parameters().get(module, ()):
                    print(f"{path}: {module} has no parameter {name}")
    text = read("docs/by-hand.md")
    for module, names_ in parameters().items():
        for name in names_:
            if not re.search(rf"^\| `{module}` \| `{name}` \|", text, flags=re.M):
                print(f"docs/by-hand.md: parameter {name} of {module} is missing")
    ranges = settings()
    for module, name, default, low, high in re.findall(
            r"^\| `(vferry_\w+)` \| `(\w+)` \| (\w+) \| (\w+)(?:,| to) (\w+) \|", text, flags=re.M):
        if name not in parameters().get(module, ()):
            print(f"docs/by-hand.md: {module} has no parameter {name}")
        elif name in ranges and ranges[name] != (default, low, high):
            print(f"docs/by-hand.md: {name}: {default}, {low} to {high}; in the source {ranges[name]}")


def settings():
    """Default, least and greatest value of parameters that are numbers."""
    pf, vfio = ("".join(read(path) for path in files((pattern,)))
                for pattern in ("pfdrv/**/*.c", "qemu-hooks/vfio/**/*.c"))
    limits = tuple(re.search(rf"VPF_DEADLINE_{end}\s+(\d+)", pf).group(1) for end in ("MIN", "MAX"))
    found = {name: (re.search(rf"\b{name} = (\d+);", pf).group(1), *limits)
             for name in parameters()["vferry_pf"]}
    for name, low, high in re.findall(r"^SETTING\((\w+), (\d+), (\d+),", vfio, flags=re.M):
        found[name] = (re.search(rf"\.{name} = (\d+),", vfio).group(1), low, high)
    return found


# messages

def text_of(literal):
    """What a literal prints, with … for all that varies."""
    pieces = re.split(STRING, literal)
    strings = re.findall(STRING, literal)
    text = ""
    for gap, string in zip(pieces, strings):
        text += ("…" if gap.strip(" \t\n\\") else "") + string[1:-1]
    text = text.replace(r"\"", '"').replace(r"\n", "").replace(r"\\", "\\")
    text = CONVERSION.sub(lambda m: "%" if m.group() == "%%" else "…", text)
    return re.sub(r"…(?:…)+", "…", text).strip()


def pattern_of(message):
    return re.compile("".join(".*" if part == "…" else re.escape(part)
                              for part in re.split("(…)", message)))


def arguments(text, start):
    """Arguments of the call whose opening parenthesis is at start."""
    depth, args, at, i = 0, [], start + 1, start
    while i < len(text):
        if text[i] == '"':
            i = re.compile(STRING).match(text, i).end()
            continue
        if text[i] == "'":
            i += 4 if text[i + 1] == "\\" else 3
            continue
        if text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            depth -= 1
            if not depth:
                return args + [text[at:i]]
        elif text[i] == "," and depth == 1:
            args.append(text[at:i])
            at = i + 1
        i += 1
    return []


# Who refuses: function, and which argument has the words.
REFUSALS = {
    "pfdrv/**/*.c": {"NL_SET_ERR_MSG_ATTR": 2, "NL_SET_ERR_MSG_FMT": 1, "snprintf": 2},
    "vfdrv/**/*.c": {"NL_SET_ERR_MSG_ATTR": 2},
    "qemu-hooks/vfio/**/*.c": {"vferry_mig_report": 2, "vferry_pf_report": 2, "refuse": 2},
    "qemu-hooks/cli/*.c": {"FAIL": 2},
    "qemu-hooks/libvirt/*.c": {"unfit": 3},
    "agent/driver.c": {"json_sprintf": 0},
}


def refusals():
    """Everything that is said to refuse a migration, with its file."""
    for pattern, functions in REFUSALS.items():
        for path in files((pattern,)):
            text = without_comments_keeping_strings(read(path))
            for call in re.finditer(rf"\b({'|'.join(functions)})\(", text):
                args = arguments(text, call.end() - 1)
                index = functions[call.group(1)]
                if call.group(1) == "snprintf" and args[0].strip() != "reason":
                    continue
                if len(args) > index and re.match(r'\s*"', args[index]):
                    yield path, text_of(args[index])
    for path in files(("pfdrv/**/*.c", "vfdrv/**/mig.c")):
        text = read(path)
        for literal in re.findall(rf"\b(?:reason|why) = ({STRING});", text):
            yield path, text_of(literal)
        for body in re.findall(r"^(?:static )?const char \*(?:refusal|vvf_mig_reason)\(.*?^}", text,
                               flags=re.S | re.M):
            for literal in re.findall(rf"return ({STRING});", body):
                yield path, text_of(literal)


def without_comments_keeping_strings(text):
    return re.sub(rf"({STRING})|/\*.*?\*/|//[^\n]*", lambda m: m.group(1) or " ", text, flags=re.S)


def messages():
    said = set()
    for path in files(SOURCES):
        for literal in LITERAL.findall(without_comments_keeping_strings(read(path))):
            said.add(text_of(literal))
    rows = re.findall(r"^\| `([^`]+)` \|", read("docs/trouble.md"), flags=re.M)
    patterns = [pattern_of(row) for row in rows]
    if len(rows) < 50:
        print(f"docs/trouble.md: only {len(rows)} messages")
    for row, pattern in zip(rows, patterns):
        if not any(pattern.fullmatch(text) for text in said):
            print(f"docs/trouble.md: nothing in the sources says: {row}")
    for path, text in sorted(set(refusals())):
        if not re.search(r"[a-z]{2,} ", text.replace("VF …: …", "")):
            continue	# made of others
        if not any(pattern.fullmatch(text) for pattern in patterns):
            print(f"{path}: not in docs/trouble.md: {text}")


# places

def places():
    """In CONTRIBUTING.md, | `PATTERN` | N | F |: so many lines in so many files. "about N" may be
    wrong by a tenth."""
    rows = re.findall(r"^\| `([^`]+)` \| (about )?(\d+) \| (\d+) \|", read("CONTRIBUTING.md"), flags=re.M)
    if not rows:
        print("CONTRIBUTING.md: no counts")
    for pattern, about, lines, in_files in rows:
        counts = {}
        wanted = re.compile(pattern.replace("\\|", "|"))
        for path in files(SOURCES + ("include/uapi/*.yaml",)):
            found = sum(1 for line in read(path).splitlines() if wanted.search(line))
            if found:
                counts[path] = found
        wrong = abs(sum(counts.values()) - int(lines)) > (int(lines) // 10 if about else 0)
        if wrong or len(counts) != int(in_files):
            print(f"CONTRIBUTING.md: {pattern}: {sum(counts.values())} lines in {len(counts)} files:",
                  " ".join(f"{path}:{n}" for path, n in counts.items()))


# figures

def figures():
    """docs/benchmark.md's table and README's sentence are of the report that is linked there."""
    text = read("docs/benchmark.md")
    report = json.loads(read("docs/" + re.search(r"\]\(([^)]*)/report\.md\)", text).group(1) + "/report.json"))
    setups = ("vferry", "virtio", "bond", "net_failover", "replug")
    loads = ("idle", "rx", "tx", "udp", "rr", "heavy")
    away = {(setup, load): report["setups"][setup][load]["network_downtime_ms"]
            for setup in setups for load in loads}
    rows = table(text, "network away, ms: median (worst)")[1:]
    for load, row in zip(loads, rows, strict=True):
        for setup, cell in zip(setups, row[1:], strict=True):
            is_ = away[setup, load]
            if cell != f"{is_['median']:.0f} ({is_['worst']:.0f})":
                print(f"docs/benchmark.md: {load}, {setup}: {cell}, not {is_}")
    met = [target["met"] for target in report["targets"]]
    if f"{sum(met)} targets are met, {len(met) - sum(met)} missed" not in text:
        print(f"docs/benchmark.md: {sum(met)} of {len(met)} targets are met")
    sentence = read("README.md").partition("## How long")[2].partition("the same guest")[0]
    found = [int(number) for number in re.findall(r"\d+", sentence)]
    is_ = [round(away[setup, load]["median"]) for setup in ("vferry", "virtio", "bond", "replug")
           for load in ("idle", "rx")]
    if found != is_:
        print(f"README.md: {found}, the report has {is_}")


# samples

def samples():
    text = read("PROTOCOL.md")
    print("static const struct { const char *name; unsigned int count, words[7]; } messages[] = {")
    for name, hexes in re.findall(r"^    ([A-Z_]+)(?: reply| NACK)?(?: .*?)?: +((?:[0-9a-f]{8} ?)+)$", text,
                                  flags=re.M):
        hexes = hexes.split()
        print(f'\t{{ "{name}", {len(hexes)}, {{ {", ".join("0x" + h for h in hexes)} }} }},')
    print("};")
    dump = re.findall(r"^    [0-9a-f]{4}  ((?:[0-9a-f]{2} ?)+)", text, flags=re.M)
    octets = " ".join(dump).split()
    print("static const unsigned char stream[] = {", ", ".join("0x" + o for o in octets), "};")


# states

def table(text, head):
    """Rows of the table whose first line begins with head, as lists of cells."""
    rows = text[text.index(f"\n| {head} |") + 1:].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if "---" not in row]


def states():
    """The tables of ARCHITECTURE.md, as C."""
    text = read("ARCHITECTURE.md")
    constant = lambda name: "VFERRY_MIG_" + name.upper().replace("-", "_")
    events = ("MIGRATE", "SUSPEND", "RESUME", "CANCEL", "DONE", "REFUSED", "TIMEOUT", "RESET", "LOAD")
    print("static const struct { int state, event, next, err, failed; } pf_steps[] = {")
    for row in table(text, "PF's state")[1:]:
        for event, cell in zip(events, row[1:], strict=True):
            err = cell.startswith("-E")
            print(f"\t{{ {constant(row[0])}, VPF_MIG_EV_{event}, "
                  f"{constant(row[0] if err else cell.rstrip(' ✗'))}, {cell if err else 0}, {int('✗' in cell)} }},")
    print("};\nstatic const struct { int state, cmd, next, result; } vf_steps[] = {")
    head, *rows = table(text, "guest's state")
    for row in rows:
        for cmd, cell in zip(head[1:], row[1:], strict=True):
            following = cell.partition("→ ")[2] or row[0]
            result = "STATE" if cell == "wrong state" else "OK"
            print(f"\t{{ {constant(row[0])}, VFERRY_CMD_{cmd}, {constant(following)}, VFERRY_RES_{result} }},")
    print("};\nstatic const struct { int from, to; } vm_arcs[] = {")
    for row in table(text, "from")[1:]:
        print(f"\t{{ VFERRY_VM_{row[0]}, VFERRY_VM_{row[1]} }},")
    print("};")


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    globals()[sys.argv[2]]()
