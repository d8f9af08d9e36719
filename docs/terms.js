// A term that is linked to the glossary shows its sentence, with the pointer over it or
// with the focus on it; Escape hides it. Without this file, the link's title does.

const box = document.createElement("div");
box.className = "term";
box.id = "term";
box.setAttribute("role", "tooltip");
box.hidden = true;
document.body.append(box);
const PAUSE = 200; // milliseconds in which the pointer can come from the link to the box
let shown = null;
let timer = null;

function show(link) {
  hide();
  shown = link;
  box.textContent = link.dataset.meaning;
  box.hidden = false;
  link.setAttribute("aria-describedby", box.id);
  const line = link.getClientRects()[0];
  const room = document.documentElement.clientWidth - box.offsetWidth - 8;
  box.style.left = `${scrollX + Math.max(8, Math.min(line.left, room))}px`;
  const above = line.top - box.offsetHeight - 6;
  box.style.top = `${scrollY + (above > 0 ? above : line.bottom + 6)}px`;
}

function hide() {
  clearTimeout(timer);
  shown?.removeAttribute("aria-describedby");
  shown = null;
  box.hidden = true;
}

function soon() {
  clearTimeout(timer);
  if (shown !== document.activeElement) timer = setTimeout(hide, PAUSE);
}

for (const link of document.querySelectorAll('a[href*="GLOSSARY.html#"][title]')) {
  link.dataset.meaning = link.title;
  link.removeAttribute("title");
  link.addEventListener("pointerenter", (event) => {
    if (event.pointerType === "mouse") show(link);
  });
  link.addEventListener("focus", () => show(link));
  link.addEventListener("blur", hide);
  link.addEventListener("pointerleave", soon);
}
box.addEventListener("pointerenter", () => clearTimeout(timer));
box.addEventListener("pointerleave", soon);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hide();
});
