// The twelve questions: counts the answers, tells what they reveal, saves them as a file.
// Nothing is sent, and nothing is kept.

const form = document.querySelector("#questions");
const questions = [...form.querySelectorAll("fieldset")];
const result = form.querySelector("output");

const chosenOf = (question) => question.querySelector("input:checked");
const isRight = (question) => chosenOf(question)?.value === question.dataset.right;

// What stands below a question; nothing before the series, or before all are answered
function tell(question, after) {
  const choice = chosenOf(question);
  const told = question.querySelector(".told");
  told.textContent = (after && choice?.dataset.reveals) || "";
  const verdict = isRight(question) ? "right" : "wrong";
  question.className = told.textContent ? verdict : "";
}

form.addEventListener("change", () => {
  const count = questions.filter(chosenOf).length;
  const done = count === questions.length;
  const after = done && form.elements.when.value === "after";
  for (const question of questions) tell(question, after);
  form.elements.save.disabled = !done;
  const right = `${questions.filter(isRight).length} of ${questions.length} are right`;
  result.textContent = done ? right : `${count} of ${questions.length} answered`;
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const when = form.elements.when.value;
  const saved = new Date().toISOString();
  const answers = Object.fromEntries(questions.map((q) => [q.id, chosenOf(q).value]));
  const right = questions.filter(isRight).map((question) => question.id);
  const text = JSON.stringify({ when, saved, answers, right }, null, 1);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = `${when}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
});
