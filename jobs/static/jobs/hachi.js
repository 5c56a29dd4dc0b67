// What every page needs besides htmx: polling that rests while nobody looks, and selection in lists.
document.documentElement.classList.add("js");

const isPoll = (event) => event.detail.elt.hasAttribute?.("data-live");

// Nobody looks: ask nothing. A poll that was skipped is made up for as soon as somebody does.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (isPoll(event) && document.hidden) event.preventDefault();
});

// Sections are replaced while people read them: what was unfolded or scrolled stays so.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const old = event.detail.target;
  const fresh = event.detail.fragment;
  for (const open of old.querySelectorAll("details[id]")) {
    const same = fresh.querySelector(`#${CSS.escape(open.id)}`);
    if (same) same.open = open.open;
  }
  for (const box of old.querySelectorAll("input[type=checkbox]:checked")) {
    const same = [...fresh.querySelectorAll("input[type=checkbox]")].find((b) => b.value === box.value);
    if (same) same.checked = true;
  }
  const log = old.querySelector(".log");
  if (log) {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
    const top = log.scrollTop;
    requestAnimationFrame(() => {
      const now = document.querySelector(".log");
      if (now) now.scrollTop = atEnd ? now.scrollHeight : top;
    });
  }
});

const offline = (yes) => {
  const line = document.getElementById("offline");
  if (line) line.hidden = !yes;
};
document.addEventListener("htmx:sendError", (event) => isPoll(event) && offline(true));
document.addEventListener("htmx:timeout", (event) => isPoll(event) && offline(true));
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.xhr?.status) offline(isPoll(event) && event.detail.xhr.status >= 500);
});

// Many jobs at once.
const picks = () => [...document.querySelectorAll(".bulk td.pick input")];
const countPicked = () => {
  const bar = document.querySelector(".bulk-bar");
  if (!bar) return;
  const number = picks().filter((box) => box.checked).length;
  bar.querySelector("[data-picked]").textContent = number ? `${number} selected:` : "Selected jobs:";
  bar.classList.toggle("floating", number > 0);
  for (const button of bar.querySelectorAll("button")) button.disabled = number === 0;
};
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick-all]")) {
    for (const box of picks()) box.checked = event.target.checked;
  }
  countPicked();
});
addEventListener("pageshow", countPicked);
