// What every page does: selects that submit their form, tables as CSV, menus that close, forms that ask before they act.
import { offerTables } from "./tables.js";

for (const control of document.querySelectorAll("[data-submit]")) {
  control.addEventListener("change", () => control.form.requestSubmit());
}

for (const form of document.querySelectorAll("form[method=get]")) {
  form.addEventListener("submit", ({ submitter }) => {
    if (submitter?.formMethod !== "post") leaveOutEmpty(form); // so that addresses stay short
  });
}

offerTables(document);

for (const form of document.querySelectorAll("form[data-ask]")) {
  form.addEventListener("submit", (event) => {
    if (!window.confirm(form.dataset.ask)) event.preventDefault();
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

function leaveOutEmpty(form) {
  for (const field of form.elements) {
    if (field.name && field.value === "" && field.type !== "submit") field.disabled = true;
  }
  setTimeout(() => {
    for (const field of form.elements) field.disabled = false;
  });
}
