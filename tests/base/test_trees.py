from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stoker.base.trees import remove_tree


def test_a_tree_with_read_only_folders_goes(tmp_path: Path) -> None:
    """Root may write to any folder, so another user does it."""
    code = """
import os, sys
from stoker.base.trees import remove_tree
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
root = sys.argv[1] + "/tree"
os.makedirs(root + "/a/b")
os.makedirs(sys.argv[1] + "/kept")
open(root + "/a/b/x", "w").close()
open(sys.argv[1] + "/kept/y", "w").close()
os.symlink(sys.argv[1] + "/kept", root + "/a/link")
os.chmod(sys.argv[1] + "/kept", 0o500)
for folder, mode in (("/a/b", 0o000), ("/a", 0o555), ("", 0o555)):
    os.chmod(root + folder, mode)
print(remove_tree(root), os.path.exists(root), oct(os.stat(sys.argv[1] + "/kept").st_mode & 0o777))
"""
    place = tmp_path / "place"
    place.mkdir()
    place.chmod(0o777)
    for folder in tmp_path.parents:
        if os.getuid() == 0 and str(folder) not in {"/", "/tmp"} and folder.stat().st_uid == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
    tmp_path.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", code, str(place)], capture_output=True, text=True, check=False)
    if "No module named" in done.stderr:
        pytest.skip("another user can't read this checkout")

    assert done.stdout.strip() == "True False 0o500", done.stderr
    assert (place / "kept" / "y").exists()


def test_what_is_not_there_is_gone(tmp_path: Path) -> None:
    assert remove_tree(str(tmp_path / "nothing"))
