"""Seven duties as an analyst would write them by hand: in SQL for DuckDB, and as CLIPS rules."""

from __future__ import annotations

DUTIES = {
    "A02-before-custody-officer": "before the custody officer within 30 min of arriving",
    "B01-adult-informed": "an adult told within 30 min of the authority",
    "B02-adult-present": "the adult there in person within 2 h of the authority",
    "B11-offered": "legal advice offered",
    "A14-private-talk": "a talk in private offered",
    "D07-adult-not-asked": "a review without trying to ask the adult",
    "D08-told-after-sleep": "told within 60 min of waking of a review held asleep",
}
ENDS = ("released", "bailed", "moved_to_la", "court_appearance")
ASKED = ("aa_contacted", "aa_requested", "aa_arrived")
BEFORE = ("first_co_contact", "detention_authorised", "detention_refused")
WAKES = ("woken", "interview_started", "rest_ended", "meal_offered", "rights_given")

SQL = f"""
create table e as select record, kind, epoch("at"::timestamptz)::bigint as t,
  epoch("at"::timestamptz)::bigint // 60 as m, attrs
from read_json('{{path}}', format='newline_delimited', columns={{{{record: 'VARCHAR', kind: 'VARCHAR',
  "at": 'VARCHAR', attrs: 'JSON'}}}});
create table a as select record, min(t) as t from e where kind = 'detention_authorised' group by 1;
create table x as select record, min(t) as t from e where kind in {ENDS} group by 1;
create view arises as select a.record, a.t, a.t // 60 as m, x.t as ends from a left join x using (record);

select 'A02-before-custody-officer', count(*) from (
  select r.record, r.t, min(e.t) as done, any_value(x.t) as ends from e r
  left join e on e.record = r.record and e.m >= r.m and e.kind in {BEFORE}
  left join x on x.record = r.record
  where r.kind = 'arrived' group by 1, 2)
where (done is null or done > t + 1800) and (ends is null or ends > t + 1800)
union all
select 'B01-adult-informed', count(*) from (
  select arises.record, arises.t, any_value(ends) as ends, min(e.t) as done from arises
  left join (select record, max(t) // 60 as m from e where kind in ('arrested', 'bail_answered') group by 1) s
    using (record)
  left join e on e.record = arises.record and e.kind in {ASKED} and e.m >= coalesce(s.m, arises.m)
  group by 1, 2)
where (done is null or done > t + 1800) and (ends is null or ends > t + 1800)
union all
select 'B02-adult-present', count(*) from (
  select arises.record, arises.t, any_value(ends) as ends, min(e.t) as done from arises
  left join e on e.record = arises.record and e.kind = 'aa_arrived' and e.m >= arises.m
    and coalesce(e.attrs->>'in_person', 'true') = 'true'
  group by 1, 2)
where (done is null or done > t + 7200) and (ends is null or ends > t + 7200)
union all
select 'B11-offered', count(*) from arises
where not exists (from e where e.record = arises.record and kind = 'legal_advice_offered')
union all
select 'A14-private-talk', count(*) from arises
where not exists (from e where e.record = arises.record and kind = 'private_talk_offered')
union all
select 'D07-adult-not-asked', count(*) from e
where kind = 'review_held' and attrs->>'reps_aa' = 'not_attempted'
union all
select 'D08-told-after-sleep', count(*) from (
  select r.record, r.t, any_value(x.t) as ends,
    min(case when e.kind <> 'told_after_sleep' then e.t end) as wakes,
    min(case when e.kind = 'told_after_sleep' then e.t end) as done
  from e r left join e on e.record = r.record and e.m >= r.m and (e.kind in {WAKES}
    or e.kind = 'told_after_sleep' or (e.kind = 'review_held' and e.attrs->>'asleep' = 'false'))
  left join x on x.record = r.record
  where r.kind = 'review_held' and r.attrs->>'asleep' = 'true' group by 1, 2)
where (done is null and wakes is not null and ends is not null) or done > wakes + 3600
"""


def _one_of(kinds: tuple[str, ...]) -> str:
    return "|".join(kinds)


CLIPS_RULES = (
    (
        "(deftemplate e (slot n (type INTEGER)) (slot kind (type SYMBOL)) (slot at (type INTEGER))"
        " (slot m (type INTEGER)) (slot person (type SYMBOL)) (slot reps (type SYMBOL)) (slot asleep (type SYMBOL)))"
    ),
    "(deftemplate breach (slot duty (type SYMBOL)) (slot n (type INTEGER)))",
    f"""(defrule a02 (e (n ?n) (kind arrived) (at ?t) (m ?m))
      (not (e (kind {_one_of(BEFORE)}) (m ?k&:(>= ?k ?m)) (at ?d&:(<= ?d (+ ?t 1800)))))
      (not (e (kind {_one_of(ENDS)}) (at ?x&:(<= ?x (+ ?t 1800)))))
      => (assert (breach (duty A02-before-custody-officer) (n ?n))))""",
    f"""(defrule b01 (e (n ?n) (kind detention_authorised) (at ?t) (m ?m))
      (not (e (kind detention_authorised) (n ?o&:(< ?o ?n))))
      (not (and (e (kind {_one_of(ASKED)}) (m ?k) (at ?d&:(<= ?d (+ ?t 1800))))
        (test (>= ?k ?m))))
      (not (and (e (kind arrested|bail_answered) (m ?s)) (e (kind {_one_of(ASKED)}) (m ?k2&:(>= ?k2 ?s))
        (at ?d2&:(<= ?d2 (+ ?t 1800))))))
      (not (e (kind {_one_of(ENDS)}) (at ?x&:(<= ?x (+ ?t 1800)))))
      => (assert (breach (duty B01-adult-informed) (n ?n))))""",
    f"""(defrule b02 (e (n ?n) (kind detention_authorised) (at ?t) (m ?m))
      (not (e (kind detention_authorised) (n ?o&:(< ?o ?n))))
      (not (e (kind aa_arrived) (person yes) (m ?k&:(>= ?k ?m)) (at ?d&:(<= ?d (+ ?t 7200)))))
      (not (e (kind {_one_of(ENDS)}) (at ?x&:(<= ?x (+ ?t 7200)))))
      => (assert (breach (duty B02-adult-present) (n ?n))))""",
    """(defrule b11 (e (n ?n) (kind detention_authorised)) (not (e (kind detention_authorised) (n ?o&:(< ?o ?n))))
      (not (e (kind legal_advice_offered))) => (assert (breach (duty B11-offered) (n ?n))))""",
    """(defrule a14 (e (n ?n) (kind detention_authorised)) (not (e (kind detention_authorised) (n ?o&:(< ?o ?n))))
      (not (e (kind private_talk_offered))) => (assert (breach (duty A14-private-talk) (n ?n))))""",
    """(defrule d07 (e (n ?n) (kind review_held) (reps not_attempted))
      => (assert (breach (duty D07-adult-not-asked) (n ?n))))""",
    f"""(defrule d08-never (e (n ?n) (kind review_held) (asleep yes) (m ?m)) (exists (e (kind {_one_of(ENDS)})))
      (exists (e (kind {_one_of((*WAKES, "review_held"))}) (asleep no) (m ?w&:(>= ?w ?m))))
      (not (e (kind told_after_sleep) (m ?k&:(>= ?k ?m))))
      => (assert (breach (duty D08-told-after-sleep) (n ?n))))""",
    f"""(defrule d08-late (e (n ?n) (kind review_held) (asleep yes) (m ?m))
      (e (kind told_after_sleep) (at ?d) (m ?k&:(>= ?k ?m)))
      (not (e (kind told_after_sleep) (m ?k2&:(>= ?k2 ?m)) (at ?d2&:(< ?d2 ?d))))
      (e (kind {_one_of((*WAKES, "review_held"))}) (asleep no) (at ?w&:(> ?d (+ ?w 3600))) (m ?wm&:(>= ?wm ?m)))
      (not (breach (duty D08-told-after-sleep) (n ?n)))
      => (assert (breach (duty D08-told-after-sleep) (n ?n))))""",
)
