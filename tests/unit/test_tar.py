"""Tar archives: the same masks as ``tarfile`` finds, and refused where they are damaged or hostile."""

import gzip
import io
import tarfile
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vosbench.errors import InputError
from vosbench.masks.sources import open_masks
from vosbench.masks.tar import MAX_HEADER
from vosbench.masks.write import encode_label_map

PNG = encode_label_map(np.array([[0, 1], [2, 3]], np.uint8))


def tarred(path, members, mode="w", form=tarfile.PAX_FORMAT):
    with tarfile.open(path, mode, format=form) as archive:
        for info, data in members:
            info = tarfile.TarInfo(info) if isinstance(info, str) else info
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def refused(path):
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(InputError) as error:
        source = open_masks(path)
        [source.read(s, f) for s in source.sequences() for f in source.frames(s)]
    assert time.process_time() - began < 5
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()
    assert all(p.fix and str(p).isprintable() for p in error.value.problems)
    return error.value.problems


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text("abc é视/", min_size=1, max_size=160).map(lambda s: s.strip("/ ")), min_size=1, max_size=4, unique=True
    ),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    st.sampled_from(["w", "w:gz"]),
)
def test_members_are_those_that_tarfile_finds(tmp_path, names, form, mode):
    names = [f"{'/'.join(p for p in name.split('/') if p) or 'x'}/{k}.png" for k, name in enumerate(names)]
    path = tarred(tmp_path / "p.tar", [(name, PNG + bytes(k)) for k, name in enumerate(names)], mode, form)
    from vosbench.masks.tar import MaskTar

    source = MaskTar.open(path)
    with tarfile.open(path) as archive:
        expected = {m.name: archive.extractfile(m).read() for m in archive.getmembers()}
    assert {key: source.load(key) for key in source.contents} == expected


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize(
    ("info", "message"),
    [
        (special("a/1.png", tarfile.SYMTYPE, "/etc/passwd"), "a link"),
        (special("a/1.png", tarfile.LNKTYPE, "a/0.png"), "a link"),
        (special("a/1.png", tarfile.FIFOTYPE), "no plain file"),
        (special("a/1.png", tarfile.CHRTYPE), "no plain file"),
        ("../evil/0.png", "leaves the archive"),
        ("/etc/0.png", "leaves the archive"),
        ("a\\..\\..\\0.png", "leaves the archive"),
        ("C:/x/0.png", "leaves the archive"),
        ("a/0.png", "there twice"),
    ],
)
def test_members_that_are_not_safe_are_refused(tmp_path, mode, info, message):
    problems = refused(tarred(tmp_path / "p.tar", [("a/0.png", PNG), (info, b"")], mode))
    assert any(message in p.message for p in problems)


def header(size, kind=b"0"):
    """A header that claims ``size`` bytes."""
    info = tarfile.TarInfo("a/0.png")
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("size", [1 << 28, 1 << 40, 1 << 60])
@pytest.mark.parametrize("kind", [b"0", b"x", b"L", b"g", b"K"])
@pytest.mark.parametrize("packed", [False, True])
def test_what_claims_to_be_large_is_refused_before_it_is_read(tmp_path, size, kind, packed):
    data = header(size, kind) + bytes(1024)
    (tmp_path / "p.tar").write_bytes(gzip.compress(data) if packed else data)
    assert {p.code for p in refused(tmp_path / "p.tar")} <= {"unsafe-archive", "unreadable-archive", "no-masks"}


def test_gigabytes_of_zeros_in_a_megabyte_are_not_inflated(tmp_path):
    with gzip.open(tmp_path / "p.tar.gz", "wb", 1) as file:
        file.write(header(2 << 30))
        for _ in range(64):
            file.write(bytes(1 << 20))
    refused(tmp_path / "p.tar.gz")


@pytest.mark.parametrize(
    "pax", [b"99999999999 path=x\n", b"x", b"0 path=a\n", b"12 size=-1\n\n", b"30 GNU.sparse.major=1\n"]
)
def test_an_extended_header_that_is_none_is_refused(tmp_path, pax):
    info = tarfile.TarInfo("p")
    info.type, info.size = b"x", len(pax)
    data = info.tobuf() + pax.ljust(512, b"\0") + header(0) + bytes(1024)
    (tmp_path / "p.tar").write_bytes(data)
    refused(tmp_path / "p.tar")
    assert len(pax) < MAX_HEADER


def test_an_archive_that_is_cut_off_is_refused(tmp_path):
    for mode in ("w", "w:gz"):
        whole = tarred(tmp_path / "w.tar", [("a/0.png", PNG), ("a/1.png", PNG)], mode).read_bytes()
        used = whole.rindex(PNG[-8:]) + 8 if mode == "w" else len(whole)
        for n in range(1, used, 97):
            (tmp_path / "cut.tar").write_bytes(whole[:n])
            refused(tmp_path / "cut.tar")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(["w", "w:gz"]))
def test_a_damaged_archive_gives_masks_or_an_input_error(tmp_path, data, mode):
    damaged = bytearray(tarred(tmp_path / "w.tar", [("a/0.png", PNG), ("a/1.png", PNG)], mode).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, min(2500, len(damaged) - 1)))] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged.tar").write_bytes(damaged)
    try:
        source = open_masks(tmp_path / "damaged.tar")
        shapes = {source.read(s, f)[0].shape for s in source.sequences() for f in source.frames(s)}
    except InputError:
        return
    assert shapes == {(2, 2)}


@pytest.mark.parametrize(
    ("start", "name"), [(b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07\x00", "RAR"), (b"\xfd7zXZ\0", "xz")]
)
def test_archives_that_are_not_read_are_named(tmp_path, start, name):
    (tmp_path / "p.bin").write_bytes(start + bytes(2000))
    (problem,) = refused(tmp_path / "p.bin")
    assert f"a {name} archive" in problem.message or f"an {name} archive" in problem.message
    assert "zip" in problem.fix
