// Upload with drag and drop and progress, one request per picture. Without this, the form does it.
const form = document.getElementById("upload");
const drop = document.getElementById("drop");
const list = document.getElementById("uploads");
const input = form.elements.files;
const mostBytes = Number(form.dataset.mostBytes);

const renewGallery = () =>
  htmx.ajax("GET", location.href, { target: "#gallery", select: "#gallery", swap: "outerHTML" });

const line = (file) => {
  const item = document.createElement("li");
  const name = document.createElement("span");
  const bar = document.createElement("progress");
  name.textContent = file.name;
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  item.append(name, bar);
  list.append(item);
  return { item, bar };
};

const refuse = ({ item, bar }, text) => {
  const why = document.createElement("p");
  why.className = "error";
  why.textContent = text;
  bar.remove();
  item.append(why);
};

const send = (file) =>
  new Promise((resolve) => {
    const shown = line(file);
    if (file.size > mostBytes) {
      refuse(shown, "This file is too large.");
      resolve();
      return;
    }
    const data = new FormData();
    data.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    data.append("sizes", form.elements.sizes.value);
    data.append("files", file);
    const request = new XMLHttpRequest();
    request.open("POST", form.action || location.href);
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) shown.bar.value = (100 * event.loaded) / event.total;
    });
    request.addEventListener("loadend", () => {
      if (request.status === 201) shown.item.remove();
      else if (request.status === 422) refuse(shown, request.responseText.replace(`${file.name}: `, ""));
      else if (request.status === 0) refuse(shown, "The server did not answer. Try again.");
      else refuse(shown, `The server refused it (${request.status}). Reload the page and try again.`);
      resolve();
    });
    request.send(data);
  });

const sendAll = async (files) => {
  list.replaceChildren();
  const waiting = [...files];
  const sender = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      await send(file);
      renewGallery();
    }
  };
  await Promise.all([sender(), sender()]);
  input.value = "";
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  sendAll(input.files);
});
input.addEventListener("change", () => sendAll(input.files));

for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    if (kind === "drop" || !event.relatedTarget) drop.classList.remove("over");
  });
}
document.addEventListener("drop", (event) => {
  if (event.dataTransfer.files.length) sendAll(event.dataTransfer.files);
});
