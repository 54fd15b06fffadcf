"""The scoring program of a challenge on Codabench: two folders in, a score file and a page out.

Codabench runs a scoring program in a container with ``input/ref`` (the reference data of the task, unzipped),
``input/res`` (the submission, unzipped) and ``output``, of which it reads ``scores.json`` and
``detailed_results.html``. A program that ends with another code than 0 has failed the submission.
"""

import json
from collections.abc import Collection
from pathlib import Path

from vosbench.challenge.batch import coverage, numbers
from vosbench.datasets.query import Query
from vosbench.errors import InputError, Problem, VosbenchError
from vosbench.files import make_folder, writable, write
from vosbench.masks.untrusted import require_plain_files
from vosbench.results.run import RunResult
from vosbench.scoring.api import score_query
from vosbench.scoring.reading import AS_IS, Reading
from vosbench.views.report.evidence import Evidence, NoEvidence
from vosbench.views.report.page import report
from vosbench.views.report.refused import refused

SCORES, PAGE = "scores.json", "detailed_results.html"


def score_submission(
    input_: Path,
    output: Path,
    *,
    benchmark: str | None = None,
    protocol: str | None = None,
    split: str | None = None,
    measures: Collection[str] | None = None,
    reading: Reading = AS_IS,
    jobs: int | None = None,
    pictures: bool = False,
) -> RunResult:
    """Score ``input_/res`` against ``input_/ref`` and write the scores and the page to ``output``.

    Args:
        input_, output: the folders Codabench gives to the program.
        benchmark: that whose layout ``ref`` has; None if it holds its own ``benchmark.toml``, or is a folder of masks.
        pictures: show the worst frames with true contours on the page, which hands parts of the truth to participants.
        protocol, split, measures, reading, jobs: see :func:`vosbench.scoring.api.score_query`.

    Raises:
        VosbenchError: what is wrong, after the page that says so was written; there are no scores then.
    """
    reference, submission = input_ / "ref", input_ / "res"
    described = benchmark or (reference / "benchmark.toml").is_file()
    query = Query(protocol=protocol, split=split, gt=reference)
    if described:
        query = Query(benchmark=benchmark, protocol=protocol, split=split, data=reference)
    make_folder(output)
    with writable(output):
        (output / SCORES).unlink(missing_ok=True)
    try:
        _require(reference, "the reference data", "add reference_data to the task")
        _require(submission, "the submission", "submit a zip of <sequence>/<frame>.png")
        require_plain_files(submission)
        (run,) = score_query(submission, query, reading=reading, measures=measures, jobs=jobs)
    except VosbenchError as error:
        write(output / PAGE, refused(error))
        raise
    page = report([run], lambda run: _evidence(run, pictures, query), on_note=lambda _: None)
    write(output / PAGE, page)
    write(output / SCORES, json.dumps(scores(run), indent=1) + "\n")
    return run


def scores(run: RunResult) -> dict[str, float]:
    """The means of a run under keys that a leaderboard's columns can have: ``J_and_F``, ``J``, ``J_seen``.

    Fractions in [0, 1], higher is better but for T; ``coverage`` is the share of the masks asked for that were there.
    """
    found = {name.replace("&", "_and_").replace(" ", "_"): value for name, value in numbers(run).items()}
    return found | {"coverage": coverage(run)}


def _evidence(run: RunResult, pictures: bool, query: Query) -> Evidence:
    if not pictures:
        raise NoEvidence("the ground truth of a challenge is kept back")
    return Evidence.of(run, query)


def _require(folder: Path, what: str, fix: str) -> None:
    if not folder.is_dir():
        message = f"there is no such folder: it should hold {what}"
        raise InputError([Problem(code="layout", message=message, where=str(folder), fix=fix)])
