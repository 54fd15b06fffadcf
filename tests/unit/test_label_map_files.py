"""Label maps written as palette PNG come back as the same indices, in the DAVIS colours."""

import numpy as np
import pytest
from PIL import Image

from vosbench.errors import UsageError
from vosbench.masks.palette import davis_palette
from vosbench.masks.write import write_label_map

EVERY_ID = np.arange(256, dtype=np.uint8).reshape(8, 32)


def test_the_palette_has_the_colours_of_the_davis_annotations():
    published = [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [0, 0, 128], [128, 0, 128], [0, 128, 128]]
    assert davis_palette()[:7].tolist() == published
    assert davis_palette()[19:21].tolist() == [[128, 192, 0], [0, 64, 128]]
    assert davis_palette()[255].tolist() == [224, 224, 192]
    assert len(np.unique(davis_palette(), axis=0)) == 256


def test_every_index_survives_and_shows_its_colour(tmp_path):
    write_label_map(tmp_path / "video" / "00000.png", EVERY_ID)
    with Image.open(tmp_path / "video" / "00000.png") as file:
        assert (file.mode, file.size) == ("P", (32, 8))
        np.testing.assert_array_equal(np.asarray(file), EVERY_ID)
        np.testing.assert_array_equal(np.asarray(file.convert("RGB")), davis_palette()[EVERY_ID])


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.uint16, bool])
def test_the_array_type_does_not_change_the_file(tmp_path, dtype):
    labels = np.eye(5, 7)
    write_label_map(tmp_path / "a.png", labels.astype(np.uint8))
    write_label_map(tmp_path / "b.png", labels.astype(dtype))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_nothing_but_the_finished_file_is_left(tmp_path):
    for _ in range(2):
        write_label_map(tmp_path / "a.png", EVERY_ID)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    "labels",
    [np.full((2, 2), 256), np.full((2, 2), -1), np.zeros((2, 2, 3), dtype=np.uint8), np.zeros(4, dtype=np.uint8)],
)
def test_what_a_palette_png_cannot_hold_is_refused(tmp_path, labels):
    with pytest.raises(UsageError, match=r"a\.png"):
        write_label_map(tmp_path / "a.png", labels)
    assert not list(tmp_path.iterdir())
