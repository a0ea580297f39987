import pytest

from trimtab.base.errors import InvalidInput
from trimtab.jobfiles.changes import after_of, before_of, changes_of, looks_like_diff

_BEFORE = "a\nb\nc\nd\n"
_AFTER = "a\nB\nc\nd\ne\n"
_DIFF = """diff --git a/dir/f.yaml b/dir/f.yaml
index 1..2 100644
--- a/dir/f.yaml
+++ b/dir/f.yaml
@@ -1,4 +1,5 @@
 a
-b
+B
 c
 d
+e
"""
_NEW = "--- /dev/null\n+++ b/new.yaml\n@@ -0,0 +1,2 @@\n+x\n+y\n\\ No newline at end of file\n"


def test_a_diff_turns_either_way():
    change = changes_of(_DIFF)[0]
    assert ("dir/f.yaml", _BEFORE, _AFTER) == (change.file, before_of(_AFTER, change), after_of(_BEFORE, change))


def test_a_text_that_is_not_of_the_diff_is_refused():
    change = changes_of(_DIFF)[0]
    assert (None, None) == (before_of(_BEFORE, change), after_of("other\n", change))


def test_files_that_come_and_go():
    came = changes_of(_NEW)[0]
    gone = changes_of("--- a/old.yaml\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-x\n-y\n")[0]
    assert ("", "new.yaml", "x\ny\n") == (came.before, came.after, after_of("", came))
    assert ("", "x\ny\n") == (gone.after, before_of("", gone))


def test_several_files_and_hunks():
    two = _DIFF + _NEW + "@@ -10,1 +12,1 @@\n-x\n+z\n"
    assert [("dir/f.yaml", 1), ("new.yaml", 2)] == [(one.file, len(one.hunks)) for one in changes_of(two)]


def test_a_hunk_that_ends_early_is_refused():
    with pytest.raises(InvalidInput, match="ends early"):
        changes_of(_DIFF.removesuffix("+e\n"))


def test_what_is_a_diff():
    assert (True, False) == (looks_like_diff(_DIFF), looks_like_diff("---\nkind: Pod\n"))
