// The review of a record, filled in on its page and saved as the file that `report review` takes in; or
// what an observer answers beside a redacted copy, which has no findings, for `report answers`.
// Nothing is sent anywhere, and nothing is kept by the browser.
(() => {
  "use strict";
  const sheet = document.getElementById("review");
  const bar = document.getElementById("save");
  const told = bar.querySelector("output");
  const findings = [...document.querySelectorAll("[data-key]")];
  const questions = [...document.querySelectorAll("[data-question]")];
  const everything = [...findings, ...questions, sheet];
  const isCopy = "record" in sheet.dataset;
  let unsaved = false;

  const chosen = (box) => box.querySelector("input[type=radio]:checked")?.value ?? "";
  const written = (box) => box.querySelector("[data-text]").value.trim();
  const who = () => document.getElementById("who").value.trim();

  function count() {
    const grade = chosen(sheet) ? `graded ${chosen(sheet).replace("_", " ")}` : "not graded";
    const held = `${findings.filter(chosen).length} of ${findings.length} findings, `;
    told.textContent =
      (isCopy ? "" : held) +
      `${questions.filter(chosen).length} of ${questions.length} questions, ${grade}`;
    told.className = "";
  }

  // What `report review` would refuse is told here, where it can be mended.
  function faults() {
    const out = [];
    for (const box of findings) {
      if (chosen(box) === "disagree" && !written(box))
        out.push([box, "You disagree here: say why, so that the author of the rule knows."]);
      if (!chosen(box) && written(box)) out.push([box, "There is a reason here: agree or disagree?"]);
    }
    for (const box of questions)
      if (!chosen(box) && written(box)) out.push([box, "There is a note here: what is the answer?"]);
    if (chosen(sheet) && !written(sheet)) out.push([sheet, "A grade needs its reason."]);
    if (!chosen(sheet) && written(sheet)) out.push([sheet, "There is a reason here: which grade?"]);
    if (!out.length && !everything.some(chosen))
      out.push([sheet, `Nothing is filled in: give ${isCopy ? "an answer or a grade" : "a grade, an opinion or an answer"}.`]);
    return out;
  }

  // A text in JSON is a text in YAML; the three characters are ends of a line there.
  const quoted = (text) =>
    JSON.stringify(text).replace(/[\u0085\u2028\u2029]/g, (c) =>
      "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

  function form() {
    const of = sheet.dataset;
    const lines = isCopy
      ? [
          "# What an observer answered about a redacted copy, filled in beside it.",
          "format: custody-answers/1",
          `sample: ${quoted(of.sample)}`,
          `record: ${quoted(of.record)}`,
        ]
      : [
          "# A review, filled in on the page of its record.",
          "format: custody-review/1",
          `detention: ${quoted(of.detention)}`,
          `ruleset: ${quoted(of.ruleset)}`,
          `as_of: ${of.asOf}`,
        ];
    lines.push(`reviewer: ${quoted(who())}`);
    if (chosen(sheet)) lines.push(`grade: ${chosen(sheet)}`, `reason: ${quoted(written(sheet))}`);
    const held = findings.filter(chosen);
    if (!isCopy) lines.push(held.length ? "findings:" : "findings: []");
    for (const box of held)
      lines.push(`  - key: ${quoted(box.dataset.key)}`, `    opinion: ${chosen(box)}`,
                 `    reason: ${quoted(written(box))}`);
    const answered = questions.filter(chosen);
    lines.push(answered.length ? "questions:" : "questions: []");
    for (const box of answered)
      lines.push(`  - id: ${box.dataset.question}`, `    answer: ${chosen(box)}`,
                 `    note: ${quoted(written(box))}`);
    return lines.join("\n") + "\n";
  }

  function save() {
    for (const box of everything) box.classList.remove("fault");
    const found = faults();
    if (found.length) {
      const [box, why] = found[0];
      for (const [each] of found) each.classList.add("fault");
      told.textContent = found.length > 1 ? `${why} (and ${found.length - 1} more)` : why;
      told.className = "fault";
      box.scrollIntoView({ block: "center" });
      box.querySelector("[data-text]").focus({ preventScroll: true });
      return;
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([form()], { type: "application/yaml" }));
    link.download = sheet.dataset.file;
    link.click();
    URL.revokeObjectURL(link.href);
    unsaved = false;
    told.textContent = `saved as ${link.download}`;
    told.className = "well";
  }

  document.addEventListener("input", () => { unsaved = true; count(); });
  // What was chosen by mistake is taken back by choosing it again.
  for (const radio of document.querySelectorAll(".box input[type=radio], #review input[type=radio]")) {
    let before = false;
    radio.addEventListener("mousedown", () => { before = radio.checked; });
    radio.parentElement.addEventListener("mousedown", () => { before = radio.checked; });
    radio.addEventListener("click", () => {
      if (!before) return;
      radio.checked = before = false;
      unsaved = true;
      count();
    });
  }
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  bar.querySelector("button").addEventListener("click", save);
  bar.hidden = false;
  count();
})();
