from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.porting.magics import as_python, split_cell_magic


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%matplotlib inline\nimport a", "__magic__('matplotlib', 'inline')\nimport a"),
        ("x = 1\n!ls\nx = (7\n% 2)", "x = 1\n__shell__('ls')\nx = (7\n% 2)"),
        ("s = '''\n!ls\n%x\n'''", "s = '''\n!ls\n%x\n'''"),
        (
            "if x:\n    !pip install a \\\n      b \\\n  c\ny = 1",
            "if x:\n    __shell__('pip install a b c')\n\n\ny = 1",
        ),
        ("files = !ls *.py", "files = __lines__('ls *.py')"),
        ("a, b = %lsmagic", "a, b = __magic__('lsmagic', '')"),
        ("!echo (\nx = 1", "__shell__('echo (')\nx = 1"),
        ('!echo "it\'s"\nx = 2', "__shell__('echo \"it\\'s\"')\nx = 2"),
        ("%time run.wait()", "run.wait()"),
        ("%timeit -n 10 f(x)", "f(x)"),
        ("run?\n?run\nrun.log??\nx = 1", "pass\npass\npass\nx = 1"),
        (" x = 1\n !ls", "x = 1\n__shell__('ls')"),
        ("await f()", "await f()"),
        ("!", "__shell__('')"),
        ("!a \\", "__shell__('a ')"),
    ],
)
def test_what_ipython_adds_becomes_calls_and_python_stays(text: str, expected: str) -> None:
    assert as_python(text) == expected


@pytest.mark.parametrize("text", ["print 'x'", "x = [\n%d\n", "\0", "a ! b"])
def test_what_is_neither_is_left_to_the_parser(text: str) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        ast.parse(as_python(text))


@given(st.text(alphabet="!%?=ab\n\\ ()'\"{}[]#:1,", max_size=60))
def test_python_is_never_changed_and_lines_keep_their_numbers(text: str) -> None:
    found = as_python(text)

    assert found.count("\n") == text.count("\n")
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    assert ast.dump(ast.parse(found)) == ast.dump(tree)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1", ("", "", "x = 1")),
        ("%%time\nx", ("time", "", "\nx")),
        ("\n%%writefile -a $folder/a.py\nx", ("writefile", "-a $folder/a.py", "\n\nx")),
        ("%%bash", ("bash", "", "")),
        ("x\n%%bash", ("", "", "x\n%%bash")),
    ],
)
def test_a_cell_s_magic_is_split_off(text: str, expected: tuple[str, str, str]) -> None:
    assert split_cell_magic(text) == expected
