import re
from pathlib import Path

import msgspec
import pytest

from vosbench.leaderboard import check, entries
from vosbench.leaderboard.card import About, decode

TEXT = (Path(__file__).parents[2] / "docs" / "leaderboard.md").read_text(encoding="utf-8")


def test_the_example_of_a_card_is_one() -> None:
    example = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert [decode(text.encode()).method for text in example] == ["S2S"]


def test_the_example_of_a_card_toml_is_one() -> None:
    example = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert [msgspec.toml.decode(text, type=About).runtimes[0].gpu for text in example] == ["NVIDIA V100"]


def test_the_checks_of_the_documentation_are_those_of_the_code() -> None:
    listed = set(re.findall(r"`([a-z-]+)`", " ".join(re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE))))
    sources = [Path(module.__file__ or "").read_text(encoding="utf-8") for module in (check, entries)]
    assert listed == {code for text in sources for code in re.findall(r'_problem\(\s*"([a-z-]+)"', text)}


@pytest.mark.parametrize("verb", ["add", "build", "check", "table"])
def test_every_verb_is_documented(verb: str) -> None:
    assert f"vosbench leaderboard {verb}" in TEXT
