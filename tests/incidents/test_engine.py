"""The engine looks where something changed, once, and says what became of each incident."""

from hypothesis import given, settings
from hypothesis import strategies as st

from clawtop.incidents.engine import Engine
from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.registry import ALL
from clawtop.incidents.scene import Finding, Kind, Scene, Subject
from clawtop.picture import changes as c
from clawtop.picture.records import Proof
from tests.incidents.scenes import Watch, event_texts, lane, logged, stuck_line, task
from tests.picture.builders import (
    Picture,
    approval,
    approvals,
    begins,
    ends,
    later_row,
    listed,
    probe,
    works,
)


class Looks:
    """A detector that remembers what it was asked about, and finds what it is told to."""

    def __init__(self, subject: Subject = Subject.SESSION) -> None:
        self.asked: list[str] = []
        self.findings: dict[str, Finding] = {}
        self.again: dict[str, int] = {}
        self.kind = Kind("I-99", "a test", subject, self.look, ("#1",))

    def look(self, scene: Scene, name: str) -> Finding | None:
        self.asked.append(name)
        if name in self.again:
            scene.again(self.again.pop(name))
        return self.findings.get(name)

    def find(self, key: str, severity: Severity = Severity.WARNING, summary: str = "bad") -> None:
        self.findings[key] = Finding(severity, Proof.LIKELY, summary, [], [], [], key)


def quiet(key: str) -> c.RowsListed:
    """A session that is held and of which no run is known: not calm."""
    return listed(later_row(key), complete=False)


def test_only_what_changed_is_looked_at_again() -> None:
    looks = Looks()
    watch = Watch(kinds=[looks.kind])
    watch.tell(listed(*(later_row(f"agent:main:s{n}") for n in range(200))))
    looks.asked.clear()
    watch.tell(probe("agent:main:s7", at=1), at=1)
    assert set(looks.asked) == {"agent:main:s7"}
    looks.asked.clear()
    watch.wait_until(1.5)
    assert looks.asked == []


def test_a_session_at_work_costs_nothing() -> None:
    looks = Looks()
    watch = Watch(kinds=[looks.kind]).tell(listed(later_row("a:b:c")), begins("r", "a:b:c"))
    watch.tell(works("r", "a:b:c", at=1), at=1)
    looks.asked.clear()
    for second in range(2, 30):
        watch.tell(works("r", "a:b:c", at=second), at=second)
    assert looks.asked == []


def test_a_detector_is_asked_again_when_it_wanted_to_be() -> None:
    looks = Looks()
    watch = Watch(kinds=[looks.kind])
    looks.again["k:a:b"] = watch.store.now_ms + 30_000
    watch.tell(quiet("k:a:b"), at=1).wait_until(20)
    looks.asked.clear()
    watch.wait_until(29.9)
    assert "k:a:b" not in looks.asked
    watch.wait_until(30.1)
    assert looks.asked == ["k:a:b"]


def test_new_changed_worse_better_gone() -> None:
    looks = Looks()
    watch = Watch(kinds=[looks.kind])
    steps = [
        (Severity.WARNING, "bad"),
        (Severity.WARNING, "bad"),
        (Severity.WARNING, "odd"),
        (Severity.CRITICAL, "odd"),
        (Severity.INFO, "odd"),
    ]
    for number, (severity, summary) in enumerate(steps):
        looks.find("k:a:b", severity, summary)
        watch.tell(probe("k:a:b", at=number), quiet("k:a:b"), at=number)
    looks.findings.clear()
    watch.tell(probe("k:a:b", at=9), at=9)
    assert [one.what for one in watch.changes] == ["new", "changed", "worse", "better", "gone"]
    assert watch.all() == []


def test_the_worst_comes_first() -> None:
    looks = Looks()
    watch = Watch(kinds=[looks.kind])
    for key, severity in (("k:a:i", "info"), ("k:a:c", "critical"), ("k:a:w", "warning")):
        looks.find(key, Severity(severity))
        watch.tell(quiet(key))
    assert [one.severity for one in watch.all()] == ["critical", "warning", "info"]


def test_a_key_names_kind_gateway_session_and_what_and_nothing_that_changes() -> None:
    looks = Looks()
    looks.find("agent:main:x")
    watch = Watch(kinds=[looks.kind]).tell(quiet("agent:main:x"))
    assert [one.key for one in watch.all()] == ["I-99|edge-1|agent:main:x|"]


def test_hostile_text_cannot_forge_a_key() -> None:
    looks = Looks()
    looks.find("agent:a|I-05|b")
    watch = Watch(kinds=[looks.kind]).tell(quiet("agent:a|I-05|b"))
    assert watch.all()[0].key.count("|") == 3


def test_a_finding_whose_key_changes_ends_the_old_one() -> None:
    looks = Looks()
    watch = Watch(kinds=[looks.kind])
    for run in ("r1", "r2"):
        looks.find("k:a:b")
        looks.findings["k:a:b"].run_id = run
        watch.tell(probe("k:a:b", at=len(watch.changes)), quiet("k:a:b"))
    assert [one.what for one in watch.changes] == ["new", "gone", "new"]
    assert len(watch.all()) == 1


def test_a_gateway_that_restarts_takes_its_incidents_with_it() -> None:
    watch = Watch().tell(approvals(*(approval(f"a{n}", created=n) for n in range(3))), at=4)
    assert watch.ids() == {"I-01"}
    facts = watch.store.facts
    assert facts is not None
    fresh = c.GatewayFacts(**{name: getattr(facts, name) for name in facts.__struct_fields__})
    fresh = c.GatewayFacts(
        **{n: getattr(facts, n) for n in facts.__struct_fields__} | {"boot_id": "b2"}
    )
    watch.tell(c.LinkUp(fresh, watch.store.now_ms), at=5).wait_until(700)
    assert watch.ids() == set()


STORY: list[tuple[float, c.Change]] = [
    (0, listed(later_row(), complete=False)),
    (1, probe(at=1)),
    (2, approvals(*(approval(f"a{n}", created=n, session_key="agent:main:x") for n in range(4)))),
    (3, event_texts("Exec finished (node=n, id=x1, code 0)", "-", "Exec finished (id=x1, code 0)")),
    (4, c.TasksRead([task("t1", made=0), task("t2", made=1)])),
    (5, c.LanesRead([lane(active=8, queued=1)])),
    (9, c.LanesRead([lane(active=8, queued=2)])),
    (13, c.LanesRead([lane(active=8, queued=4)])),
    (14, logged(stuck_line("agent:main:x", age_s=300), at=14)),
    (20, listed(later_row("agent:main:y"), complete=False)),
    (21, begins("run-y", "agent:main:y", at=21)),
    (25, ends("run-y", "agent:main:y", at=25)),
    (70, probe(at=70)),
]


def named(watch: Watch) -> set[tuple[str, str, str]]:
    return {(one.key, one.severity, one.certainty) for one in watch.all()}


def told(story: list[tuple[float, c.Change]]) -> Watch:
    watch = Watch()
    for at, change in story:
        watch.tell(change, at=at)
    return watch.wait_until(71)


def test_the_story_names_what_it_should() -> None:
    assert told(STORY).ids() >= {"I-01", "I-02", "I-03", "I-05"}


def test_looking_late_finds_what_looking_all_along_found() -> None:
    watch = told(STORY)
    late = Engine(watch.store)
    late.refresh()
    assert late.open == watch.engine.open  # type: ignore[union-attr]


def test_telling_the_same_again_changes_nothing() -> None:
    watch = told(STORY)
    before = len(watch.changes)
    for at, change in STORY[2:5]:
        watch.tell(change, at=72 + at)
    assert [one.what for one in watch.changes[before:]] == []


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(2, 9)))
def test_the_order_of_unrelated_news_does_not_matter(order: list[int]) -> None:
    """Each part of the picture answers on its own schedule."""
    independent = [STORY[number] for number in order if number not in (5, 6, 7)]
    times = sorted(at for at, _ in independent)
    shuffled = [(at, change) for at, (_, change) in zip(times, independent, strict=True)]
    base = [STORY[number] for number in range(2, 9) if number not in (5, 6, 7)]
    assert {one[0] for one in named(told(shuffled))} == {one[0] for one in named(told(base))}


def test_every_kind_has_an_id_a_name_and_a_docstring_that_says_when() -> None:
    for kind in ALL:
        assert kind.id.startswith("I-")
        assert kind.name == kind.name.lower() or "I" in kind.id
        assert kind.look.__doc__, kind.id
    assert {kind.id for kind in ALL} >= {f"I-0{n}" for n in range(1, 6)}


def test_advice_is_always_there_and_sends_nothing() -> None:
    looks = Looks()
    looks.find("k:a:b")
    looks.findings["k:a:b"].ways = [Way(Act.ADVICE, text="wait")]
    watch = Watch(kinds=[looks.kind]).tell(quiet("k:a:b"))
    (way,) = watch.remedies(watch.all()[0])
    assert (way.step, way.label, way.calls, way.available) == ("advice", "wait", (), True)


def sliced(looks: Looks) -> tuple[Picture, Engine]:
    picture = Picture()
    engine = Engine(picture.store, [looks.kind])
    engine.refresh()
    return picture, engine


def test_a_long_listing_is_looked_at_in_slices_and_nothing_twice() -> None:
    looks, few = Looks(), 80
    picture, engine = sliced(looks)
    names = [f"agent:main:s{n}" for n in range(200)]
    for name in names:
        looks.find(name)
    picture.tell(listed(*map(later_row, names)))
    slices = [len(engine.refresh(few))]
    while engine.backlog_of_work:
        slices.append(len(engine.refresh(few)))
    assert slices == [80, 80, 40]
    assert sorted(looks.asked) == sorted(names)
    assert {one.session_key for one in engine.incidents()} == set(names)


def test_a_slice_takes_first_what_waits_longest_whatever_comes_meanwhile() -> None:
    looks = Looks()
    picture, engine = sliced(looks)
    picture.tell(quiet("agent:main:z"))
    engine.refresh(0)
    assert engine.backlog_of_work == 1
    picture.tell(quiet("agent:main:a"), quiet("agent:main:z"))
    engine.refresh(1)
    assert looks.asked == ["agent:main:z"]
    engine.refresh(1)
    assert looks.asked == ["agent:main:z", "agent:main:a"]
    assert engine.backlog_of_work == 0
