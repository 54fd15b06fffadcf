"""The workflows of the repository: every action is pinned by digest, and no job has more rights than it says."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "action.yml"], ids=lambda path: path.name)
def test_every_action_is_pinned_by_digest_with_its_version(path):
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    assert [u for u in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+.*", u)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_may_only_read_unless_they_ask_for_more(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    more = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    allowed = {"publish": {"id-token": "write"}, "codeql": {"contents": "read", "security-events": "write"}}
    assert more.items() <= allowed.items()


def test_one_action_has_one_version_everywhere():
    used = {u for path in WORKFLOWS for u in re.findall(r"uses: ([\w./-]+)@(\w+)", path.read_text())}
    assert len({action for action, _ in used}) == len(used)
