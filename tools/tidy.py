#!/usr/bin/env python3
"""Checks the house rules that a compiler does not: module directions, sizes, third-party headers in our headers,
links of documents.

Directions are read from the steward_module() lines of CMakeLists.txt. Exit 1 with file:line for each breach.
`tidy.py --self-test` shows that each rule can fail.
"""
import pathlib
import re
import sys

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
# Third-party headers, and the only header of ours that may include each.
ADAPTERS = {"boost/json": "core/json.h", "tl/expected": "core/result.h", "CLI/": "app/command.h", "torch/": "tune/torch.h", "ATen/": "tune/torch.h"}
THIRD_PARTY = re.compile(
    r"^(boost/|tl/|CLI/|fmt/|spdlog/|simdjson|hs/|re2/|unicode/|sqlite3|sodium|openssl/|libfyaml|llama|ggml|jinja/|oneapi/|dnnl|prometheus/|torch/|ATen/|c10/)")


def module_deps(cmake: str) -> dict[str, set[str]]:
    deps = {}
    for match in re.finditer(r"steward_module\((\w+)([^)]*)\)", cmake):
        words = match.group(2).split()
        found, test, current = set(), set(), None
        for word in words:
            if word in ("DEPS", "LIBS", "TEST_DEPS"):
                current = word
            elif current == "DEPS":
                found.add(word)
            elif current == "TEST_DEPS":
                test.add(word)
        deps[match.group(1)] = (found, test)
    return deps


def check_file(path: str, text: str, deps) -> list[str]:
    """path: relative to steward/, such as guard/filter.h."""
    problems = []
    module = path.split("/")[0]
    lines = text.splitlines()
    is_test = path.endswith("_test.cpp") or "/testing/" in path
    if len(lines) > FILE_LINES_MAX:
        problems.append(f"{path}:1: {len(lines)} lines; at most {FILE_LINES_MAX}: split it")
    allowed, for_tests = deps.get(module, (set(), set()))
    for number, line in enumerate(lines, 1):
        ours = re.match(r'#include "steward/(\w+)/', line)
        if ours and module in deps:
            target = ours.group(1)
            if target != module and target not in allowed and not (is_test and target in for_tests):
                problems.append(f"{path}:{number}: {module} may not use {target} (see CMakeLists.txt)")
        theirs = re.match(r"#include [<\"]([^>\"]+)[>\"]", line)
        if path.endswith(".h") and theirs and THIRD_PARTY.match(theirs.group(1)):
            owner = next((h for prefix, h in ADAPTERS.items() if theirs.group(1).startswith(prefix)), None)
            if owner != path:
                problems.append(f"{path}:{number}: {theirs.group(1)} in a header; keep it in a .cpp or in its adapter")
    problems += long_functions(path, lines)
    return problems


def long_functions(path: str, lines: list[str]) -> list[str]:
    problems, start = [], {}
    for number, line in enumerate(lines, 1):
        indent = len(line) - len(line.lstrip())
        if indent not in (0, 2, 4):
            continue
        if line.rstrip().endswith("{") and not re.match(r"\s*(namespace|class|struct|enum|union|extern)\b", line):
            start[indent] = number
        elif line.strip().startswith("}") and indent in start:
            length = number - start.pop(indent) + 1
            if indent in (0, 2) and length > FUNCTION_LINES_MAX and not path.endswith("_test.cpp") and is_function(lines, number - length):
                problems.append(f"{path}:{number - length + 1}: a function of {length} lines; at most {FUNCTION_LINES_MAX}")
    return problems


def is_function(lines: list[str], at: int) -> bool:
    head = " ".join(lines[max(0, at - 3) : at + 1])
    return ")" in lines[at] or re.search(r"\)\s*(const|override|noexcept|final|\s)*\{\s*$", head) is not None


def check_document(path: str, text: str, exists) -> list[str]:
    """Links of a Markdown file, and the paths in code spans of docs/coverage.md, must lead somewhere. `exists`: relative path -> bool."""
    problems = []
    folder = pathlib.PurePosixPath(path).parent
    for number, line in enumerate(text.splitlines(), 1):
        links = [str(folder / link.split("#")[0]) for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)\s]+)\)", line)]
        if path == "docs/coverage.md":
            links += re.findall(r"`((?:steward|policies|cases|tests|tools|docs|examples)/[^`\s]*)`", line)
        problems += [f"{path}:{number}: there is no {link}" for link in links if not exists(link)]
    return problems


def self_test() -> int:
    deps = module_deps("steward_module(core)\nsteward_module(text DEPS core LIBS a::b TEST_DEPS guard)\nsteward_module(guard DEPS core text)")
    long_body = "int f() {\n" + "  g();\n" * 80 + "}\n"
    cases = [
        ("text/a.cpp", '#include "steward/guard/guard.h"\n', 1),
        ("text/a_test.cpp", '#include "steward/guard/guard.h"\n', 0),
        ("guard/a.cpp", '#include "steward/text/view.h"\n', 0),
        ("core/a.cpp", '#include "steward/text/view.h"\n', 1),
        ("text/a.h", "#include <boost/asio.hpp>\n", 1),
        ("core/json.h", "#include <boost/json.hpp>\n", 0),
        ("tune/losses.h", "#include <torch/types.h>\n", 1),
        ("tune/torch.h", "#include <torch/types.h>\n", 0),
        ("text/a.cpp", "int x;\n" * 601, 1),
        ("text/a.cpp", long_body, 1),
        ("text/a.cpp", "int f() {\n  g();\n}\n", 0),
    ]
    for path, text, wanted in cases:
        found = check_file(path, text, deps)
        if len(found) != wanted:
            print(f"self-test: {path}: {wanted} problems wanted, found {found}")
            return 1
    documents = [("docs/a.md", "[x](b.md) [y](../README.md#z) [z](https://example.org)", 1), ("docs/coverage.md", "`steward/none/` `core`", 1)]
    for path, text, wanted in documents:
        found = check_document(path, text, lambda link: link == "docs/../README.md")
        if len(found) != wanted:
            print(f"self-test: {path}: {wanted} problems wanted, found {found}")
            return 1
    print(f"tidy: {len(cases) + len(documents)} self-tests passed")
    return 0


def main() -> int:
    if "--self-test" in sys.argv:
        return self_test()
    root = pathlib.Path(__file__).resolve().parent.parent
    deps = module_deps((root / "CMakeLists.txt").read_text())
    problems = []
    for path in sorted((root / "steward").rglob("*")):
        if path.suffix in (".h", ".cpp"):
            problems += ["steward/" + found for found in check_file(str(path.relative_to(root / "steward")), path.read_text(), deps)]
    for path in sorted(root.rglob("*.md")):
        relative = path.relative_to(root)
        if relative.parts[0] not in ("build", ".git"):
            problems += check_document(str(relative), path.read_text(), lambda link: (root / link).exists())
    for problem in problems:
        print(problem)
    print(f"tidy: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
