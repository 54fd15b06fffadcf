"""Weights that come with the package: found by the model's name, refused when they are not what was shipped."""

import hashlib

import pytest

pytest.importorskip("torch", reason="the baselines need torch")

from vosbench_baselines.weights.shipped import FOLDER, shipped_weights

from vosbench.errors import InputError, UsageError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tiny.safetensors").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  tiny.safetensors\n")
    return tmp_path


def test_a_listed_file_is_found(folder):
    assert shipped_weights("tiny", folder) == folder / "tiny.safetensors"


def test_a_model_without_weights_is_named(folder):
    with pytest.raises(UsageError, match="huge ships without weights"):
        shipped_weights("huge", folder)
    (folder / "SHA256SUMS").unlink()
    with pytest.raises(UsageError, match="tiny ships without weights"):
        shipped_weights("tiny", folder)


def test_a_changed_or_missing_file_is_refused(folder):
    path = folder / "tiny.safetensors"
    path.write_bytes(b"Weights")
    with pytest.raises(InputError, match=r"tiny\.safetensors.*is not the file that was shipped"):
        shipped_weights("tiny", folder)
    path.unlink()
    with pytest.raises(InputError, match="is missing"):
        shipped_weights("tiny", folder)


def test_every_shipped_file_is_small_listed_and_has_its_card_and_log():
    for path in FOLDER.glob("*.safetensors"):
        assert shipped_weights(path.stem) == path
        assert path.stat().st_size <= 16 * 2**20
        assert path.with_suffix(".md").is_file()
        assert path.with_suffix(".csv").is_file()
