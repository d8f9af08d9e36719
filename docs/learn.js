// A guess is typed below its question, kept in this browser alone, and stands beside the
// outcome. A click on a choice of a recall question tells what it overlooks. Without this
// file, the notebook's own cell and the folds do.

const read = (key) => {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return ""; // a browser that keeps nothing
  }
};

const keep = (key, text) => {
  try {
    localStorage.setItem(key, text);
  } catch {
    // then it lasts as long as the page
  }
};

function make(tag, name, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}

function boxBelow(question) {
  const page = location.pathname.split("/").pop();
  const key = `guess ${page} ${question.textContent.slice(-80)}`;
  const label = make("label", "guess", "Your guess ");
  const box = make("input", "");
  box.value = read(key);
  box.addEventListener("input", () => keep(key, box.value));
  label.append(box);
  question.after(label);
  return box;
}

function showIn(fold, box) {
  const none = "No guess yet"; // as mc.guessed says, if the cell prints that
  const line = make("span", "guessed");
  const texts = fold.querySelector("pre")?.childNodes ?? [];
  const printed = [...texts].find((node) => node.nodeValue?.startsWith(none));
  if (printed) {
    printed.nodeValue = printed.nodeValue.slice(none.length);
    printed.before(line);
  } else {
    fold.querySelector("summary").after(line);
  }
  const update = () => {
    line.textContent = box.value.trim() ? `You guessed ${box.value}` : none;
  };
  box.addEventListener("input", update);
  update();
}

let typed = null;
const parts = "p.predict, .tag_guess, details.answer";
for (const part of document.querySelectorAll(parts)) {
  if (part.matches("p.predict")) typed = boxBelow(part);
  else if (part.matches(".tag_guess")) part.remove(); // its place is the box
  else if (typed) {
    showIn(part, typed);
    typed = null;
  }
}

for (const fold of document.querySelectorAll("details.quiz")) {
  const choices = fold.previousElementSibling;
  const replies = [...fold.querySelectorAll("li")];
  const told = make("p", "told");
  told.setAttribute("role", "status");
  choices.classList.add("choices");
  choices.after(told);
  fold.hidden = true; // it says all at once what a click says of one
  [...choices.children].forEach((choice, place) => {
    const button = make("button", "");
    button.type = "button";
    button.innerHTML = (choice.querySelector("p") ?? choice).innerHTML;
    choice.replaceChildren(button);
    button.addEventListener("click", () => {
      const right = replies[place].querySelector("strong").textContent.includes("Right");
      button.className = right ? "right" : "wrong";
      told.innerHTML = (replies[place].querySelector("p") ?? replies[place]).innerHTML;
    });
  });
}
