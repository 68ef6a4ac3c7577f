"""Writes a C++ source that holds a page and the Content-Security-Policy that fits it.

usage: embed_page.py PAGE.html OUTPUT.cpp
"""
import base64
import hashlib
import re
import sys

PIECE = 8000  # compilers limit the length of one literal


def source_of(page, element):
    found = re.findall(rf"<{element}>(.*?)</{element}>", page, re.S)
    if len(found) != 1:
        sys.exit(f"the page needs exactly one <{element}>, it has {len(found)}")
    digest = hashlib.sha256(found[0].encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def literals(text):
    return "\n".join(f'    R"page({text[at:at + PIECE]})page"' for at in range(0, len(text), PIECE))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        page = file.read()
    policy = (
        f"default-src 'none'; style-src {source_of(page, 'style')}; script-src {source_of(page, 'script')}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(
            '#include "http/status_page.hpp"\n\nnamespace drawbridge::http {\n\n'
            f"const std::string_view status_page_document =\n{literals(page)};\n\n"
            f'const std::string_view status_page_policy =\n    "{policy}";\n\n}} // namespace drawbridge::http\n'
        )


main()
