"""A name with a typing error is answered with the nearest one there is."""

import pytest


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        (("scor",), "score"),
        (("leaderbord",), "leaderboard"),
        (("explain", "davis17"), "davis2017"),
        (("score", "preds", "--benchmark", "davis17"), "davis2017"),
        (("score", "preds", "--gt", "gt", "--protocol", "youtube-vos-209"), "youtube-vos-2019"),
    ],
)
def test_the_nearest_name(vosbench, tmp_path, monkeypatch, command, meant):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gt").mkdir()
    (tmp_path / "preds" / "a").mkdir(parents=True)
    done = vosbench(*command)
    assert (done.code, done.out) == (2, "")
    assert f"did you mean '{meant}'?" in done.err


@pytest.mark.parametrize("command", [("zzz",), ("explain", "zzz")])
def test_nothing_near(vosbench, command):
    done = vosbench(*command)
    assert done.code == 2
    assert "did you mean" not in done.err
