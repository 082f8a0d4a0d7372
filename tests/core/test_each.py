import os
from collections.abc import Callable
from pathlib import Path

import pytest

from equisite.core.each import (
    REFUSED,
    Bench,
    Item,
    StepFailed,
    pipeline,
    refuse,
    refuse_error,
    run_each,
)
from equisite.core.errors import Finding, InputError

ITEMS = [Item("t1", "p1", "s1"), Item("t2", "p2", "s2")]


def finding() -> Finding:
    return Finding("TABLE_UNREADABLE", "", {"problem": "two headers"})


def refusing(tmp_path: Path, token: str) -> str:
    """A step that refuses one token and writes for the others."""
    ready = tmp_path / "ready.json"
    assert refuse(ready, [finding()]) == REFUSED
    return (
        f'if [ "$ITEM" = {token} ]; then cp {ready} "$REFUSAL"; echo half > "$OUT.txt"; '
        "exit 3; fi;"
        ' echo "$ITEM" > "$OUT.txt"'
    )


def test_each_item_is_written_under_its_token(tmp_path: Path) -> None:
    text = 'echo "$WORD" | tr a-z A-Z > "$OUT.txt"; touch "$OUT.idx" "$SCRATCH/spill"'
    items = [Item(i.token, i.patient, i.name, {"WORD": i.name}) for i in ITEMS]
    outcomes = run_each(items, pipeline(text), room="genomics", folder=tmp_path / "out")
    assert [(o.patient, o.item, o.outcome) for o in outcomes] == [
        ("p1", "s1", "done"),
        ("p2", "s2", "done"),
    ]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "t1.idx", "t1.txt", "t2.idx", "t2.txt",
    ]  # fmt: skip
    assert (tmp_path / "out/t2.txt").read_text() == "S2\n"


def test_refused_item_leaves_and_the_next_follows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = run_each(
        ITEMS, pipeline(refusing(tmp_path, "t1")), room="genomics", folder=tmp_path / "out"
    )
    assert [(o.patient, o.outcome, o.code) for o in outcomes] == [
        ("p1", "refused", "TABLE_UNREADABLE"),
        ("p2", "done", ""),
    ]
    assert "two headers" in outcomes[0].sentence
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["t2.txt"]
    log = capsys.readouterr().err
    assert "t1: TABLE_UNREADABLE (1 of 2)" in log
    assert "p1" not in log


def test_refusal_stands_when_a_later_tool_stumbles(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    refuse_error(ready, InputError([finding()]))
    text = f'(cp {ready} "$REFUSAL"; exit 3) | (cat > "$OUT.txt"; exit 1)'
    (outcome,) = run_each(ITEMS[:1], pipeline(text), room="genomics", folder=tmp_path / "out")
    assert outcome.code == "TABLE_UNREADABLE"


@pytest.mark.parametrize(
    "text",
    [
        'echo x > "$OUT.txt"; exit 1',
        'false | cat > "$OUT.txt"',  # pipefail
        'echo "$NOT_SET" > "$OUT.txt"',  # -u
        'echo x > "$OUT.txt"; exit 3',  # refuses without saying why
        "true",  # success with nothing
        'echo x > "$OUT.txt"; kill -9 $$',
    ],
)
def test_machine_fault_fails_the_whole_and_leaves_nothing(tmp_path: Path, text: str) -> None:
    os.environ.pop("NOT_SET", None)
    with pytest.raises(StepFailed, match="t1"):
        run_each(ITEMS, pipeline(text), room="genomics", folder=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_old_files_are_not_taken_for_results(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/t9.txt").touch()
    with pytest.raises(StepFailed, match="not empty"):
        run_each(ITEMS, pipeline('touch "$OUT.txt"'), room="genomics", folder=tmp_path / "out")


def test_a_remark_on_an_item_that_went_well(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    refuse(ready, [Finding("TUMOUR_NOT_COUNTED")])
    text = f'cp {ready} "$REFUSAL"; touch "$OUT.txt"'
    (outcome,) = run_each(ITEMS[:1], pipeline(text), room="genomics", folder=tmp_path / "out")
    assert (outcome.outcome, outcome.code) == ("flagged", "TUMOUR_NOT_COUNTED")
    with pytest.raises(StepFailed, match="code 1"):
        run_each(
            ITEMS[:1], pipeline(f"{text}; false"), room="genomics", folder=tmp_path / "other"
        )


def test_a_refusal_counts_although_the_pipeline_went_on(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    refuse(ready, [finding()])
    text = f'cp {ready} "$REFUSAL"; touch "$OUT.txt"'
    (outcome,) = run_each(ITEMS[:1], pipeline(text), room="genomics", folder=tmp_path / "out")
    assert outcome.outcome == "refused"
    assert list((tmp_path / "out").iterdir()) == []


def test_work_feeds_and_reads_pipelines(tmp_path: Path) -> None:
    def work(bench: Bench) -> list[Finding]:
        bench.feed('tr a-z A-Z > "$SCRATCH/upper"', lambda write: write(b"one\ntwo\n"))
        with bench.lines('cat "$SCRATCH/upper" "$MORE"', MORE="/dev/null") as lines:
            words = b" ".join(line.strip() for line in lines)
        bench.feed('cat > "$OUT.txt"', lambda write: write(words))
        return [Finding("TUMOUR_NOT_COUNTED")]

    (outcome,) = run_each(ITEMS[:1], work, room="genomics", folder=tmp_path / "out")
    assert outcome.outcome == "flagged"
    assert (tmp_path / "out/t1.txt").read_text() == "ONE TWO"


def test_wrong_data_found_while_feeding_is_a_refusal(tmp_path: Path) -> None:
    def work(bench: Bench) -> list[Finding]:
        def produce(write: Callable[[bytes], object]) -> None:
            write(b"half")
            raise InputError([finding()])

        bench.feed('cat > "$OUT.txt"', produce)
        return []

    (outcome,) = run_each(ITEMS[:1], work, room="genomics", folder=tmp_path / "out")
    assert (outcome.outcome, outcome.code) == ("refused", "TABLE_UNREADABLE")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("text", ["exit 1", "head -c 1 >/dev/null; exit 1"])
def test_a_tool_that_stops_reading_is_a_machine_fault(tmp_path: Path, text: str) -> None:
    def work(bench: Bench) -> list[Finding]:
        def produce(write: Callable[[bytes], object]) -> None:
            for _ in range(100):
                write(b"x" * 100_000)

        bench.feed(text, produce)
        return []

    with pytest.raises(StepFailed, match="t1: a step ended with code 1"):
        run_each(ITEMS[:1], work, room="genomics", folder=tmp_path / "out")


def test_a_tool_that_fails_while_it_is_read_is_a_machine_fault(tmp_path: Path) -> None:
    def work(bench: Bench) -> list[Finding]:
        with bench.lines("echo one; exit 4") as lines:
            assert list(lines) == [b"one\n"]
        return []

    with pytest.raises(StepFailed, match="code 4"):
        run_each(ITEMS[:1], work, room="genomics", folder=tmp_path / "out")
