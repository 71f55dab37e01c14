"""Every code that `rules check` gives, with what it means and what to do about it.

`rules check --explain CODE` prints one; `--explain all` the table of `docs/diagnostics.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means, and the cure; a warning does not keep the rules from being used."""

    about: str
    cure: str
    severity: str = "error"


def _warning(about: str, cure: str) -> Code:
    return Code(about, cure, "warning")


CODES: dict[str, Code] = {
    # --- the file as text
    "law-form": Code(
        "A text of the law (rules/law) is not in the form that can be read: what it is between two "
        "lines of ---, # for a section, ## for each paragraph, its words below. One edition begins on a "
        "day.",
        "See the one shipped.",
    ),
    "unreadable": Code(
        "The file cannot be opened.", "See that it is there and that you may read it."
    ),
    "not-utf8": Code(
        "The file is not text in UTF-8.", "Save it as UTF-8; most editors offer it when saving."
    ),
    "file-too-large": Code(
        "The file is far larger than any that is needed: a rule file may have 250,000 bytes.",
        "Split it by theme, or see what was pasted into it.",
    ),
    "empty-file": Code("There is nothing in the file.", "Write it, or delete it."),
    "yaml-syntax": Code(
        "The file is not YAML: often a bracket or quote that is not closed, a line that does not "
        "line up, a tab, or text with ': ' in it and no quotes round it.",
        "Look at the place and at the line above it.",
    ),
    "yaml-alias": Code(
        "An anchor (&x) or alias (*x) stands here. They let a small file grow without end, so they "
        "are refused.",
        "Write the value out.",
    ),
    "yaml-tag": Code("A tag (!x) stands here; rules need none.", "Write the value without it."),
    "yaml-key": Code(
        "A key is a list or a mapping: often text that begins with { or [ without quotes.",
        "Put quotes round the text.",
    ),
    "yaml-depth": Code("Nested more than 30 deep.", "A rule needs far less; see what went wrong."),
    "duplicate-key": Code(
        "The same key stands twice in one place; one of the two would be lost.", "Keep one."
    ),
    # --- the form of a rule file
    "unknown-field": Code(
        "No field of this name exists here. It is an error, and not left aside, because a "
        "misspelt 'unless' would make a rule say something else.",
        "Spell it as proposed, or move it to where it belongs.",
    ),
    "missing-field": Code("A field that must be there is not.", "Write it."),
    "wrong-form": Code(
        "A name, a duration or an id is not written as such things are.",
        "Write it as the message says: 6h, review_held, D01.",
    ),
    "wrong-value": Code(
        "The value is none that is allowed here.", "Choose one that is named in the message."
    ),
    "citation-missing": Code(
        "A rule without a source. Every rule says which section, paragraph or policy it comes from, "
        "so that no wish prints as law.",
        'sources: [{cite: "Code C 3.15", text_verified: false, number_verified: false}]',
    ),
    "citation-misfit": Code(
        "The authority of a rule is one, and none of its sources is of that kind: it would print a "
        "paragraph of the Code as an Act, or a force's wish as the Code.",
        "Cite the section or paragraph, or write the authority that fits the source.",
    ),
    "policy-as-law": Code(
        "A duty of the law gets its time from a number that a force may set, which would print as law.",
        "grades: [{name: amber, at: $aa_amber, severity: medium, authority: policy}], or the law's own "
        "duration. Where the law has none, asks_after: $aa_amber and certainty: possible.",
    ),
    "asks-after": Code(
        "asks_after is the line of a force from which a person is asked whether a standard without a "
        "number was kept; here the number is the law's, or the rule claims to know.",
        "Give it a number of policy or quality, the authority of the law, and certainty: possible.",
    ),
    "without-effect": Code(
        "A field that rules of this shape do not read: it would change nothing, and look as if.",
        "Take it out, or write the rule in the other shape.",
    ),
    "no-rules": Code("There are no rule files in this folder.", "Name another with --rules."),
    "more-faults": Code(
        "More than a hundred things are wrong in one file: most often one mistake that runs through "
        "all of it.",
        "Mend those that are told, and check again.",
    ),
    # --- names
    "unknown-kind": Code(
        "No kind of entry has this name.",
        "Spell it as in vocabulary.yaml, or declare a new kind there.",
    ),
    "unknown-attribute": Code(
        "This kind of entry has no such attribute, and no mark of that name is set on it.",
        "Spell it as in vocabulary.yaml, or declare it there.",
    ),
    "joined-text": Code(
        "'same' names a text, a list or a date, which an engine cannot compare.",
        "Join by a word of a list, a number or a time; or declare one in vocabulary.yaml.",
    ),
    "unknown-state": Code(
        "No derived fact of this name is an interval, so nothing can happen 'while' or 'unless' it.",
        "Spell it as under 'facts:', or write the fact.",
    ),
    "unknown-parameter": Code(
        "No number of this name is declared.", "Spell it as in parameters.yaml, or declare it there."
    ),
    "unknown-rule": Code(
        "No rule has this id; in the 'expect' of a test, no rule of this file.",
        "Spell it as the rule's id.",
    ),
    "unknown-placeholder": Code(
        "The message names something in {braces} that it will not know, and would print 'not "
        "recorded'.",
        "Use a placeholder of this shape of rule, or an attribute of the entry it begins with.",
    ),
    "unknown-deadline": Code(
        "'by' is neither a clock nor an attribute of the arising entry that holds a time.",
        "by: review_clock.due, or by: attr hearing_at",
    ),
    "unknown-duty": Code("The catalogue has no duty of this id.", "See catalogue.yaml."),
    "unknown-section": Code("The catalogue has no such section.", "Name it under 'sections'."),
    # --- conditions
    "condition-syntax": Code(
        "The condition cannot be read from here on.",
        "Comparisons (mode is in_person) joined by 'and', 'or', 'not' and brackets; "
        "rules/README.md has the list.",
    ),
    "condition-size": Code(
        "The condition comes down to too many alternatives.",
        "Split it over two rules, or make a part of it a derived fact.",
    ),
    # --- numbers
    "parameter-value": Code(
        "The value does not fit the unit of the parameter.", "6h or 90m, a whole number, true, '22:00'."
    ),
    "missing-parameter": Code(
        "A number by which the clocks work is missing, or has another unit.", "Put it back."
    ),
    "fixed-by-law": Code(
        "A force's policy sets a number that is law.", "Take it out of the policy file."
    ),
    "steps-crossed": Code(
        "By a force's policy a later step of a rule would begin before an earlier one: red before amber. "
        "The graver step would be passed first, and the milder one never be seen.",
        "Write a longer time for the later step, or set both.",
    ),
    # --- rules and facts together
    "duplicate-rule": Code("Two rules have the same id and day.", "Choose another id for one."),
    "dates-overlap": Code(
        "Two versions of a rule are in force on the same days, so both would fire.",
        "End the earlier on the day the later begins: in_force: {from: ..., to: ...}",
    ),
    "duplicate-fact": Code("Two derived facts have the same name.", "Choose another for one."),
    "cycle": Code(
        "Derived facts need each other in a circle, so none can be settled first.",
        "Take one of them out of the circle that the message names.",
    ),
    "duty-undecided": Code(
        "A duty of the catalogue has neither a rule nor a line for a person.",
        "Write the rule, or say under 'person' what somebody must look at.",
    ),
    "question-misfit": Code(
        "The list of the quality check names what is not there, or asks about a duty twice or never.",
        "See quality_check.yaml: each duty of the catalogue belongs to one question.",
    ),
    # --- tests beside rules
    "test-line": Code(
        "A line of a timeline cannot be read as an entry.",
        "\"+1 04:50 review_held by sergeant as custody_officer mode=in_person\"",
    ),
    "test-expect": Code(
        "What a test expects cannot be read, or can never be found.",
        "RULE status severity, or {rule: RULE, status: met_late, due: \"15:00\"}",
    ),
    # --- the engine
    "engine-hangs": Code(
        "The engine was still compiling the rules after two minutes.",
        "Take back the last change, and bring it in by parts.",
    ),
    "engine-crashes": Code(
        "The engine crashed on these rules (they were tried in a process of their own).",
        "Take back the last change, and bring it in by parts.",
    ),
    "engine-refuses": Code(
        "The engine does not take these rules.", "See the message; take back the last change."
    ),
    # --- warnings
    "never-fires": _warning(
        "The rule can never find anything: its conditions exclude each other, it wants and excludes "
        "the same state, or it ended before the oldest records that are judged.",
        "Mend the condition, or take the rule out.",
    ),
    "unreachable-exception": _warning(
        "An excuse, a mitigation, an ending or a raised severity can never apply.",
        "Mend its condition, or take it out.",
    ),
    "unreachable-alternative": _warning(
        "One of the ways in which a derived fact is true can never come about.",
        "Mend its condition, or take it out.",
    ),
    "nothing-discharges": _warning(
        "No entry whatever can show that the duty was done, so every child's record would breach it.",
        "Mend the condition of 'must'.",
    ),
    "set-too-large": _warning(
        "The selection comes down to more rules about one kind of entry than the engine holds.",
        "Fewer 'or' and 'unless', or a derived fact for a part of it.",
    ),
    "still-to-fill": _warning(
        "A sentence that `rules new` put there for you to replace still stands in the rule.",
        "Write what the law says, and what somebody should do, in your own words.",
    ),
    "times-order": _warning(
        "The steps of a duty are not in order of time, two have one name, or a warning would stand "
        "from the moment at which the duty arises.",
        "Put the steps in order; let the warning be shorter than the time that is given.",
    ),
    "tests-missing": _warning(
        "No test beside the rule makes it fire, so nobody knows that it can.",
        "Write three: one that fires, one that stays silent, one at the last second.",
    ),
    "file-not-read": _warning(
        "A file whose name or folder keeps it from being read: rules are read from NAME.yaml in "
        "the folder itself, texts of the law from law/NAME.md.",
        "Name it so and put it beside the others, or keep it elsewhere.",
    ),
    "cut-short": _warning(
        "A # after a space begins a comment, so the rest of the text is not read.",
        'Put the text in straight quotes: title: "Form #12 filled in".',
    ),
    "curly-quotes": _warning(
        "Curly quotes, as a word processor types them, do not hold a text together and stay in it.",
        "Type straight ones.",
    ),
    "no-such-paragraph": _warning(
        "A citation names a paragraph, or a part of one, that the newest text of the Code in rules/law "
        "does not have: a slip, or an edition that is not there yet.",
        "Look it up (rules law 9.3), or put the text of the new edition beside the other.",
    ),
    "paragraph-passed-over": _warning(
        "A paragraph of the Code that no rule cites and not_judged.yaml does not list: nobody can tell "
        "whether it was read.",
        "Write the rule, or a line that says why there is none.",
    ),
    "not-judged-misfit": _warning(
        "not_judged.yaml speaks of a paragraph or rule that is not there, or says that nothing cites "
        "what a rule does cite.",
        "Take the line out, or name what is meant; what is left of a cited paragraph goes under 'parts'.",
    ),
    "words-left-behind": _warning(
        "A number of the law changes from a day on, and every rule that reads it goes on with the words "
        "and the verification of before.",
        "A version of the rule that ends on that day, and one with the new words from it.",
    ),
    "hidden-character": _warning(
        "A character that nobody can see, or that turns the direction of text: what is read is not "
        "what an approver sees.",
        "Take it out; type the word anew.",
    ),
    "dates-gap": _warning(
        "Between two versions of a rule there are days on which none is in force.",
        "Let the later begin on the day the earlier ends.",
    ),
    "duplicate-meaning": _warning("Two rules, or two derived facts, say the same.", "Keep one."),
    "overlapping-rules": _warning(
        "Whenever one rule fires another fires on the same entry: one act or omission, two findings.",
        "Narrow the wider one; of prohibitions, make the narrower one a 'raised' of it.",
    ),
    "unused-parameter": _warning("No rule reads this number.", "Use it, or take it out."),
    "unused-fact": _warning("Nothing uses this derived fact.", "Use it, or take it out."),
    "unused-kind": _warning(
        "No rule, no test and no part of the program reads this kind of entry.",
        "Use it, or take it out.",
    ),
    "unused-attribute": _warning(
        "No rule asks for this attribute of what the program works out.", "Use it, or take it out."
    ),
}  # fmt: skip


def explained(code: str) -> str:
    """Return what a code means and what to do, as text for a person; raises `KeyError`."""
    one = CODES[code]
    lines = [f"{code} ({one.severity})"]
    lines += wrap(one.about, 92, initial_indent="  ", subsequent_indent="  ")
    lines += wrap(one.cure, 92, initial_indent="  Cure: ", subsequent_indent="        ")
    return "\n".join(lines)


def documented() -> Iterator[str]:
    """Yield the lines of `docs/diagnostics.md`."""
    yield "# What `rules check` says"
    yield ""
    yield "Printed by `detention-monitor rules check --explain all`; one code: `--explain CODE`."
    yield "A warning does not keep the rules from being used; `--strict` makes it count."
    for severity in ("error", "warning"):
        yield ""
        yield f"| {severity} | means | cure |"
        yield "|---|---|---|"
        for name, code in sorted(CODES.items()):
            if code.severity == severity:
                yield f"| `{name}` | {code.about} | {_cell(code.cure)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
