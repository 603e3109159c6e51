// Every table as CSV: a button in its card's title, or below it where the card holds more than this one.
import { offerDownload, toCsv, toolBox } from "./download.js";

/** @param {ParentNode} root of the tables */
export function offerTables(root) {
  for (const table of root.querySelectorAll(".scroll > table")) placeOf(table).append(buttonFor(table));
}

function placeOf(table) {
  const card = table.closest(".card");
  const header = card?.querySelector(":scope > header");
  if (header && card.querySelectorAll("table, .chart").length === 1) return toolBox(header);
  return card?.querySelector(":scope > .bottom-bar .end") ?? table.parentElement;
}

function buttonFor(table) {
  const title = table.parentElement.getAttribute("aria-label");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tiny";
  button.textContent = "CSV";
  button.setAttribute("aria-label", `${title} as CSV`);
  button.addEventListener("click", () => {
    offerDownload(`${title.replace(/\W+/g, "-").toLowerCase()}.csv`, "text/csv", toCsv(rowsOf(table)));
  });
  return button;
}

function rowsOf(table) {
  return [...table.rows].map((row) =>
    [...row.cells].map((cell) => cell.dataset.value ?? cell.textContent.replace(/\s+/g, " ").trim()),
  );
}
