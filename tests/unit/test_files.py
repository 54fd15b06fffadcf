"""A file or a folder is complete or absent under its name: after an error, an interrupt, a kill, a full disk."""

import errno
import multiprocessing
import os
import signal
import stat
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from vosbench import files
from vosbench.errors import InputError
from vosbench.files import partial

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs fork, modes and links of POSIX")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def killed_in(function, *arguments) -> None:
    """Run a function that kills its own process, in a child."""
    child = multiprocessing.get_context("fork").Process(target=function, args=arguments)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


def kill_me(*_) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_file_is_written_whole_with_its_folders(tmp_path):
    files.write(tmp_path / "a" / "b" / "text", "é\n")
    files.write(tmp_path / "a" / "b" / "bytes", b"\0")
    assert (tmp_path / "a/b/text").read_bytes() == b"\xc3\xa9\n"
    assert (tmp_path / "a/b/bytes").read_bytes() == b"\0"
    assert names(tmp_path / "a" / "b") == ["bytes", "text"]


def test_text_that_utf8_cannot_hold_is_escaped(tmp_path):
    files.write(tmp_path / "text", os.fsdecode(b"video-\xff"))
    assert (tmp_path / "text").read_text() == "video-\\udcff"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("before", [None, "before"])
def test_a_block_that_fails_leaves_what_was_there(tmp_path, error, before):
    if before:
        (tmp_path / "file").write_text(before)
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "inner").write_text(before)
    there = names(tmp_path)
    with pytest.raises(error), files.new_file(tmp_path / "file") as part:
        part.write_text("half")
        raise error
    with pytest.raises(error), files.new_folder(tmp_path / "folder") as part:
        (part / "other").write_text("half")
        raise error
    assert names(tmp_path) == there
    if before:
        assert (tmp_path / "file").read_text() == before
        assert names(tmp_path / "folder") == ["inner"]


@pytest.mark.parametrize("one_step", [True, False])
def test_a_folder_is_replaced_as_a_whole(tmp_path, monkeypatch, one_step):
    if not one_step:
        monkeypatch.setattr(partial, "in_one_step", lambda *_: False)
    for turn in ("one", "two", "three"):
        with files.new_folder(tmp_path / "run") as part:
            assert names(part) == []
            (part / turn).write_text(turn)
        assert names(tmp_path / "run") == [turn]
    assert names(tmp_path) == ["run"]


@posix
def test_a_file_longer_in_a_killed_process_leaves_nothing_behind_its_end(tmp_path):
    def die() -> None:
        with files.new_file(tmp_path / "file") as part:
            part.write_text("a long text that a killed process wrote")
            kill_me()

    killed_in(die)
    assert names(tmp_path) == [".file.vosbench-file"]
    with files.new_file(tmp_path / "file") as part, part.open("r+b") as file:  # not truncated by being opened
        file.write(b"short")
    assert (tmp_path / "file").read_text() == "short"
    assert names(tmp_path) == ["file"]


@posix
def test_a_later_write_removes_the_partial_folder_of_a_killed_process(tmp_path):
    def die() -> None:
        with files.new_folder(tmp_path / "run") as part:
            (part / "deep").mkdir()
            (part / "deep" / "file").write_text("x")
            kill_me()

    killed_in(die)
    assert names(tmp_path) == [".run.vosbench-folder"]
    with files.new_folder(tmp_path / "run") as part:
        (part / "new").write_text("x")
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["new"]


@posix
@pytest.mark.skipif(sys.platform != "linux", reason="RENAME_EXCHANGE is Linux'")
def test_linux_exchanges_folders_in_one_step(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not partial.in_one_step(tmp_path / "one", tmp_path / "two"):
        pytest.skip("this file system cannot exchange folders")
    assert names(tmp_path / "one") == ["two"]
    assert names(tmp_path / "two") == ["one"]


@posix
@pytest.mark.parametrize("found_by", ["restore", "write"])
def test_a_kill_between_the_two_renames_is_undone_by_the_next_start(tmp_path, monkeypatch, found_by):
    with files.new_folder(tmp_path / "run") as part:
        (part / "earlier").write_text("x")

    def die() -> None:
        monkeypatch.setattr(partial, "in_one_step", lambda *_: False)
        moved = Path.replace

        def replace(self, target):
            return kill_me() if self.name == partial.NEW else moved(self, target)

        monkeypatch.setattr(Path, "replace", replace)
        with files.new_folder(tmp_path / "run") as part:
            (part / "later").write_text("x")

    killed_in(die)
    assert names(tmp_path) == [".run.vosbench-folder"]
    if found_by == "restore":
        files.restore(tmp_path / "run")
    else:
        with pytest.raises(ValueError, match="stop"), files.new_folder(tmp_path / "run"):
            raise ValueError("stop")
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["earlier"]


def test_a_second_rename_that_fails_puts_the_folder_back(tmp_path, monkeypatch):
    with files.new_folder(tmp_path / "run") as part:
        (part / "earlier").write_text("x")
    monkeypatch.setattr(partial, "in_one_step", lambda *_: False)
    moved = Path.replace

    def replace(self, target):
        if self.name == partial.NEW:
            raise OSError(errno.EIO, "Input/output error")
        return moved(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(InputError, match="Input/output error"), files.new_folder(tmp_path / "run") as part:
        (part / "later").write_text("x")
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["earlier"]


def test_restore_leaves_what_is_under_way(tmp_path):
    with files.new_folder(tmp_path / "run") as part:
        (part / "file").touch()
        files.restore(tmp_path / "run")
        assert names(part) == ["file"]
    assert names(tmp_path / "run") == ["file"]


@pytest.mark.parametrize("locks", [True, False])
def test_writers_of_one_name_do_not_meet(tmp_path, monkeypatch, locks):
    if not locks:
        monkeypatch.setattr(partial, "fcntl", None)
    with ExitStack() as stack:
        parts = [stack.enter_context(files.new_file(tmp_path / "file")) for _ in range(3)]
        folders = [stack.enter_context(files.new_folder(tmp_path / "run")) for _ in range(3)]
        assert len({*parts, *folders}) == 6
        for number, (part, folder) in enumerate(zip(parts, folders, strict=True)):
            part.write_text(str(number))
            (folder / str(number)).touch()
    assert (tmp_path / "file").read_text() == "0"  # the last to be renamed
    assert names(tmp_path / "run") == ["0"]
    assert names(tmp_path) == ["file", "run"]


def test_threads_that_write_one_name_each_leave_a_whole_file(tmp_path):
    contents = [str(k) * 50_000 for k in range(8)]

    def work(content: str) -> None:
        for _ in range(20):
            files.write(tmp_path / "file", content)
            assert (tmp_path / "file").read_text() in contents

    failed = []
    threading.excepthook, before = lambda args: failed.append(args.exc_value), threading.excepthook
    try:
        threads = [threading.Thread(target=work, args=(content,)) for content in contents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.excepthook = before
    assert failed == []
    assert names(tmp_path) == ["file"]


@posix
def test_permissions_stay_and_new_files_get_those_of_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        files.write(tmp_path / "new", "x")
        with files.new_folder(tmp_path / "run"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o750
    (tmp_path / "new").chmod(0o444)
    (tmp_path / "run").chmod(0o775)
    files.write(tmp_path / "new", "y")
    with files.new_folder(tmp_path / "run"):
        pass
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o444
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o775


@posix
@pytest.mark.parametrize("dangling", [True, False])
def test_links_are_followed(tmp_path, dangling):
    (tmp_path / "there").mkdir()
    if not dangling:
        files.write(tmp_path / "there" / "file", "before")
        with files.new_folder(tmp_path / "there" / "run"):
            pass
    (tmp_path / "file").symlink_to("there/file")
    (tmp_path / "run").symlink_to("there/run")
    files.write(tmp_path / "file", "x")
    with files.new_folder(tmp_path / "run") as part:
        (part / "inner").touch()
    assert (tmp_path / "file").is_symlink()
    assert (tmp_path / "run").is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "x"
    assert names(tmp_path / "there" / "run") == ["inner"]


def test_the_longest_names_have_partial_ones(tmp_path):
    for name in ("é" * 127, "x" * 255):
        files.write(tmp_path / name, "x")
        assert names(tmp_path) == [name]
        (tmp_path / name).unlink()
        with files.new_folder(tmp_path / name):
            assert len(os.fsencode(names(tmp_path)[0])) <= 255
        (tmp_path / name).rmdir()


def test_names_that_are_cut_stay_apart():
    assert partial.partial_name(Path("x" * 250 + "1"), folder=False) != partial.partial_name(
        Path("x" * 250 + "2"), folder=False
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_device_is_written_to_and_not_replaced():
    files.write(Path("/dev/null"), "x")
    with pytest.raises(InputError, match="No space left on device") as caught:
        files.write(Path("/dev/full"), "x")
    assert caught.value.problems[0].code == "unwritable"
    for name in ("/dev/null", "/dev/full"):
        assert stat.S_ISCHR(Path(name).stat().st_mode)


def test_a_file_where_a_folder_should_be_is_named(tmp_path):
    (tmp_path / "file").touch()
    for write in (
        lambda: files.write(tmp_path / "file" / "inner", "x"),
        lambda: files.make_folder(tmp_path / "file"),
        lambda: files.write(tmp_path, "x"),
    ):
        with pytest.raises(InputError) as caught:
            write()
        (problem,) = caught.value.problems
        assert (problem.code, caught.value.exit_code) == ("unwritable", 3)
        assert problem.where.startswith(str(tmp_path))
    assert names(tmp_path) == ["file"]


@posix
def test_files_past_the_limit_of_size_are_refused_with_what_to_do(tmp_path):
    import resource

    def write(end) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            files.write(tmp_path / "file", "x" * 2000)
        except InputError as error:
            end.send(error)

    (tmp_path / "file").write_text("before")
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    child = multiprocessing.get_context("fork").Process(target=write, args=(theirs,))
    child.start()
    (problem,) = ours.recv().problems
    child.join()
    assert "ulimit -f" in problem.fix
    assert (tmp_path / "file").read_text() == "before"
    assert names(tmp_path) == ["file"]
