// Files made in the browser: CSV text, pictures of charts.

/** @param {readonly (readonly unknown[])[]} rows the first one holds the names */
export function toCsv(rows) {
  return rows.map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}

function field(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Hands the reader a file. @param {string | Blob} content */
export function offerDownload(name, type, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** A canvas on the card's own ground, as PNG. */
export function offerPicture(name, canvas) {
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext("2d");
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--card");
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(canvas, 0, 0);
  copy.toBlob((blob) => offerDownload(`${name}.png`, "image/png", blob));
}

/** Small buttons after a card's title. @param {Record<string, () => void>} actions by their names */
export function addTools(element, actions) {
  const card = element.closest(".card");
  const header = card?.querySelector("header");
  if (!header || element.dataset.tools) return;
  element.dataset.tools = "1";
  const title = element.dataset.title ?? header.querySelector("h2").textContent;
  const box = toolBox(header);
  for (const [name, action] of Object.entries(actions)) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "tiny";
    button.textContent = name;
    button.setAttribute("aria-label", `${title} as ${name}`);
    button.addEventListener("click", action);
    box.append(button);
  }
}

/** Where a card's small buttons stand: at the end of its title. */
export function toolBox(header) {
  const box = document.createElement("span");
  box.className = header.querySelector(".end") ? "row" : "end row";
  header.append(box);
  return box;
}
