"""Whether what a step promises holds of its answer: an expression over `out`, `complaint` and `names()`.

`out` is the answer as JSON, or as text where it is none; `complaint` what went to standard error. Used by
one_process.py, and as a program: check.py ANSWER COMPLAINT EXPRESSION; says nothing when it holds.
"""

import json
import sys


def fault(answer, complaint, expression):
    """Why it does not hold; empty when it does."""
    with open(answer, encoding="utf-8", errors="replace") as file:
        text = file.read()
    with open(complaint, encoding="utf-8", errors="replace") as file:
        said = file.read()
    try:
        out = json.loads(text)
    except ValueError:
        out = text.strip()
    names = {"out": out, "complaint": said, "names": lambda: sorted(one["name"] for one in out)}
    try:
        holds = eval(expression, names)  # expressions are those of the scripts beside this file
    except Exception as error:
        return f"{error!r} in {str(out)[:300]}"
    return "" if holds else str(out)[:400] or said[:400] or "no answer"


if __name__ == "__main__":
    sys.exit(fault(*sys.argv[1:]) or 0)
