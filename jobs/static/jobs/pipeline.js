// The form of a new pipeline: the preview, which lays the template on as the workers will
// (jobs/work/pipeline/overlay.py), and what is shown beside the fields.
const form = document.getElementById("pipeline-form");
const field = form.elements;
const photo = document.getElementById("preview-photo");
const layer = document.getElementById("preview-layer");
const overlay = document.getElementById("preview-template");
const said = document.getElementById("preview-said");
const first = document.getElementById("preview-first");
const sample = photo.src;
const COLUMNS = { left: 0, right: 1 };
const ROWS = { top: 0, bottom: 1 };

const share = (words, places) => {
  const found = words.find((word) => word in places);
  return found === undefined ? 0.5 : places[found];
};

// Where a stamp begins: a margin away from the edge, but never pushed out.
const placed = (share, whole, part, margin) => {
  const room = Math.max(0, whole - part);
  const inset = Math.min(margin, room / 2);
  return inset + (room - 2 * inset) * share;
};

const put = (left, top, width, height, fit) => {
  Object.assign(overlay.style, {
    left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px`, objectFit: fit,
  });
};

const draw = () => {
  const width = photo.clientWidth;
  const height = photo.clientHeight;
  if (!width || !overlay.naturalWidth) return;
  Object.assign(layer.style, {
    left: `${photo.offsetLeft}px`, top: `${photo.offsetTop}px`, width: `${width}px`, height: `${height}px`,
  });
  overlay.style.opacity = field.opacity.value / 100;
  if (field.mode.value === "frame") put(0, 0, width, height, "fill");
  else if (field.mode.value === "cover") put(0, 0, width, height, "cover");
  else {
    const short = Math.min(width, height);
    const ratio = ((field.scale.value / 100) * short) / Math.max(overlay.naturalWidth, overlay.naturalHeight);
    const [w, h] = [overlay.naturalWidth * ratio, overlay.naturalHeight * ratio];
    const margin = (field.margin.value / 100) * short;
    const words = field.anchor.value.split("-");
    put(
      placed(share(words, COLUMNS), width, w, margin),
      placed(share(words, ROWS), height, h, margin),
      w, h, "fill",
    );
  }
  overlay.hidden = false;
  tell();
};

const tell = () => {
  const [w, h] = [photo.naturalWidth, photo.naturalHeight];
  const most = (name) => Number(field[name].value) || Infinity;
  const ratio = Math.min(1, most("max_width") / w, most("max_height") / h);
  const size = `${Math.max(1, Math.round(w * ratio))} × ${Math.max(1, Math.round(h * ratio))}`;
  const what = photo.src === sample ? "A picture like this one" : "This picture";
  said.textContent = `${what}, ${w} × ${h}, comes out as ${field.format.value.toUpperCase()} of ${size}.`;
};

const show = (image, file) => {
  const reader = new FileReader();
  reader.addEventListener("load", () => { image.src = reader.result; });
  reader.readAsDataURL(file);
};

const chosen = () => form.querySelector("input[name=template]:checked");

const renew = () => {
  for (const part of form.querySelectorAll("[data-only]")) {
    part.hidden = part.dataset.only !== field.mode.value;
  }
  for (const output of form.querySelectorAll("output")) {
    output.textContent = `${field[output.htmlFor.value.slice(3)].value} %`;
  }
  field.quality.disabled = field.format.value === "png";
  draw();
};

const lines = () =>
  field.urls.value.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));

const count = () => {
  const found = lines();
  const number = found.length;
  document.getElementById("url-count").textContent =
    field.url_file.files.length ? field.url_file.files[0].name
      : number ? `${number.toLocaleString("en")} ${number === 1 ? "address" : "addresses"}` : "";
  first.hidden = !found.some((line) => line.startsWith("https://"));
};

form.addEventListener("input", (event) => {
  if (event.target === field.urls) count();
  else renew();
});
form.addEventListener("change", (event) => {
  const { target } = event;
  if (target.name === "template") {
    field.template_file.value = "";
    overlay.src = target.closest("label").querySelector("img").src;
  } else if (target.name === "template_file" && target.files.length) {
    const before = chosen();
    if (before) before.checked = false;
    show(overlay, target.files[0]);
  } else if (target.id === "preview-file" && target.files.length) show(photo, target.files[0]);
  else if (target.name === "url_file") count();
  renew();
});
first.addEventListener("click", () => {
  photo.src = lines().find((line) => line.startsWith("https://"));
});
photo.addEventListener("error", () => {
  if (photo.src !== sample) {
    photo.src = sample;
    said.textContent = "That picture could not be shown here.";
  }
});
// A field without quality sends none: the server asks for one.
form.addEventListener("submit", () => { field.quality.disabled = false; });
for (const link of form.querySelectorAll("[data-line]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const all = field.urls.value.split("\n");
    const at = Number(link.dataset.line) - 1;
    const start = all.slice(0, at).join("\n").length + (at ? 1 : 0);
    field.urls.focus();
    field.urls.setSelectionRange(start, start + (all[at] || "").length);
  });
}
photo.addEventListener("load", draw);
overlay.addEventListener("load", draw);
new ResizeObserver(draw).observe(photo);
const before = chosen();
if (before) overlay.src = before.closest("label").querySelector("img").src;
count();
renew();
