"""Each measure has a signature of the knobs it uses; verbs refuse measure by measure and name the knob."""

import msgspec
import pytest

from tests.unit.runs_from_counts import changed, run_of, under_other_rules
from vosbench.analysis.compare import compare
from vosbench.analysis.regression import baseline_of, check
from vosbench.errors import IncomparableError
from vosbench.measures.catalog import MEASURES
from vosbench.protocols import load as protocols
from vosbench.protocols.signature import parse, signatures
from vosbench.results.assemble import assembled_again
from vosbench.results.comparable import comparable
from vosbench.views.figures import draw

WHERE = {"split": "val", "data": "0" * 64, "overrides": {}}


def having(run, **rules):
    """The run under other rules."""
    spec = run.spec
    return assembled_again(run, spec=msgspec.structs.replace(spec, rules=msgspec.structs.replace(spec.rules, **rules)))


@pytest.mark.parametrize("name", protocols.names())
def test_a_measure_signs_the_knobs_it_uses_and_no_other(name):
    spec = protocols.with_measures(protocols.load(name), ("J", "F", "T", "Fa"))
    knobs = {measure: parse(line) for measure, line in signatures(spec, **WHERE).items()}
    by_tolerance = spec.rules.pairing.startswith("hungarian")  # proposals are assigned by (J + F) / 2
    assert {m for m in knobs if "F" in knobs[m]} == ({*knobs} if by_tolerance else {"F", "J&F"})
    assert {m for m in knobs if "T" in knobs[m]} == {"T"}
    assert all(knobs[m]["measure"] == m for m in knobs)


def test_every_knob_of_the_rules_shows_in_the_signature_of_each_measure_that_it_moves():
    """A knob that is in no signature would make different numbers look comparable."""
    spec = protocols.load("folder")
    other = {
        "frames": "all", "objects": "listed", "void": "ignore", "foreground": "salient", "pairing": "hungarian",
        "extra_ids": "ignore", "absent": "zero", "averaging": "frame", "groups": ("seen", "unseen"),
    }  # fmt: skip
    if spec.rules.extra_ids == "ignore":
        other["extra_ids"] = "error"
    for knob, value in other.items():
        assert getattr(spec.rules, knob) != value
        moved = msgspec.structs.replace(spec, rules=msgspec.structs.replace(spec.rules, **{knob: value}))
        one, two = signatures(spec, **WHERE), signatures(moved, **WHERE)
        assert all(one[m] != two[m] for m in one), knob


def test_j_of_a_run_of_j_alone_compares_with_j_of_a_run_of_both():
    both = run_of(called="both")
    alone = having(run_of(called="alone"), measures=("J",))
    found = compare([both, alone])
    assert list(found.estimates) == ["J"]
    assert found.estimates["J"][0].value == found.estimates["J"][1].value
    assert set(found.refused) == {"F", "J&F"}
    assert found.refused["F"] == "it was not measured in alone"
    with pytest.raises(IncomparableError, match="not measured in alone"):
        compare([both, alone], measure="F")


def test_another_tolerance_forbids_f_and_allows_j():
    one, two = run_of(called="one"), having(run_of(called="two"), tolerance=0.01)
    found = compare([one, two])
    assert set(found.refused) == {"F", "J&F"}
    assert "F: 0.008 against 0.01" in found.refused["F"]
    assert draw([one, two], "bars", "J")
    for measure in ("F", "J&F"):
        with pytest.raises(IncomparableError, match=r"F: 0\.008 against 0\.01"):
            compare([one, two], measure=measure)
        with pytest.raises(IncomparableError, match=r"F: 0\.008 against 0\.01"):
            draw([one, two], "bars", measure)


def test_runs_without_a_common_measure_are_refused_with_every_knob():
    with pytest.raises(IncomparableError) as caught:
        compare([run_of(called="one"), under_other_rules(run_of(called="two"))])
    assert "one and two were scored by different rules (protocol: " in str(caught.value)
    assert caught.value.exit_code == 4


def test_equal_runs_stay_as_they_are():
    runs = (run_of(), run_of(seed=1))
    assert comparable(runs) == (runs, {})


def test_a_check_compares_what_it_can_and_does_not_pass_over_the_rest():
    run = run_of()
    baseline = baseline_of(run)
    assert check(run, baseline).passed
    report = check(having(run, tolerance=0.01), baseline)
    assert {n.measure for n in report.numbers} == {"J"}
    assert (report.worse, report.passed, set(report.refused)) == (False, False, {"F", "J&F"})
    assert check(run, baseline_of(having(run, measures=("J",)))).passed
    with pytest.raises(IncomparableError, match="protocol"):
        check(under_other_rules(run), baseline)
    with pytest.raises(IncomparableError, match=r"F: 0\.008 against 0\.01"):
        check(having(run, tolerance=0.01), baseline, exact=True)


def test_a_check_on_the_command_line_names_the_knob(vosbench, tmp_path):
    run = run_of()
    run.save(tmp_path / "run")
    having(run, tolerance=0.01).save(tmp_path / "other")
    assert vosbench("check", tmp_path / "run", "--against", tmp_path / "b.json", "--update").code == 0
    done = vosbench("check", tmp_path / "other", "--against", tmp_path / "b.json", "--junit", tmp_path / "j.xml")
    assert done.code == 4
    assert "F: 0.008 against 0.01" in done.err
    assert "F: 0.008 against 0.01" in (tmp_path / "j.xml").read_text()


def test_the_report_and_the_table_leave_out_what_does_not_compare_and_say_so(vosbench, tmp_path):
    run_of(called="one").save(tmp_path / "one")
    having(run_of(called="two"), tolerance=0.01).save(tmp_path / "two")
    done = vosbench("report", tmp_path / "one", tmp_path / "two", "--out", tmp_path / "r.html")
    assert done.code == 0
    assert "F is left out: one and two were scored by different rules (F: 0.008 against 0.01)" in done.err
    table = vosbench("compare", tmp_path / "one", tmp_path / "two")
    assert (table.code, "J&F is left out" in table.out) == (0, True)


def test_the_signatures_stand_in_the_result_for_every_number_of_it():
    run = having(run_of(), measures=("J", "F", "Jp", "Fp"))
    assert {c.measure for c in run.document.summary} == set(run.document.signatures)
    assert set(run.document.signatures) - set(MEASURES) == {"J&F", "Jp&Fp"}
    assert changed(run, notes=("n",)).document.signatures == run.document.signatures
