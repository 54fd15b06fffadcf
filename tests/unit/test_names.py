"""Names of files where the locale is not UTF-8: their bytes are read as UTF-8, as the lists are."""

import os
import subprocess
import sys

import numpy as np
import pytest

MASK = np.zeros((30, 40), np.uint8)
MASK[5:20, 5:20] = 1


@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX")
def test_a_list_and_folders_with_accents_meet_in_the_c_locale(world):
    preds = world.masks("preds", {"déjà": [MASK] * 4})
    data = world.davis({"déjà": [MASK] * 4})
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "vosbench", "score", preds, "--benchmark", "davis2017", "--data", data]
    done = subprocess.run(
        [*map(str, command), "--format", "csv"], env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert ",1.0," in done.stdout
