"""Every benchmark with hidden ground truth says where its server is, in what state, and when that was looked up."""

import re

import pytest

from vosbench.protocols import load as protocols
from vosbench.views.explain import explain

HIDDEN = [
    name
    for name in protocols.names()
    if (data := protocols.load(name).data) and (data.hidden or data.ground_truth == "hidden")
]


@pytest.mark.parametrize("name", HIDDEN)
def test_a_server_has_a_state_and_a_date(name):
    data = protocols.load(name).data
    assert data.server is not None
    assert data.server.url.startswith("https://")
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", data.server.checked)
    told = " ".join(explain(protocols.load(name), width=10_000).split())
    assert data.server.state in told
    assert f"looked up on {data.server.checked}" in told


def test_released_truth_is_not_called_hidden():
    data = protocols.load("ref-youtube-vos").data
    assert (data.ground_truth, data.hidden, data.server) == ("public", (), None)


def test_the_two_versions_of_mevis_are_named_apart():
    one, two = protocols.load("mevis"), protocols.load("mevis-v2")
    assert (one.data.sizes["valid_u"].sequences, two.data.sizes["valid_u"].sequences) == (793, 907)
    assert set(two.rules.measures) - set(one.rules.measures) == {"N-acc", "T-acc"}
