// Lists that hold running runs: parts marked data-live are fetched again when something changed, on a hidden page when it is looked at.
import { LIVE } from "./data.js";
import { follow } from "./live.js";
import { offerTables } from "./tables.js";

const source = follow("/api/v1/events");
let stale = false;
let fetching = false;
source.addEventListener("changed", () => {
  stale = true;
  void refresh();
});
document.addEventListener("visibilitychange", refresh);
document.addEventListener("focusout", () => setTimeout(refresh)); // the focus is elsewhere only then

async function refresh() {
  if (!stale || fetching || document.hidden) return;
  stale = false;
  fetching = true;
  try {
    const response = await fetch(location.href, { headers: LIVE });
    if (response.ok) show(new DOMParser().parseFromString(await response.text(), "text/html"));
  } catch {
    stale = true; // the dashboard is away; the next change is told when it is back
  } finally {
    fetching = false;
  }
}

/** A part where the focus is waits until it has left. What is ticked stays ticked. A part that is gone: the page has another shape. */
function show(next) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = next.getElementById(part.id);
    if (!fresh) return location.reload();
    if (part.contains(document.activeElement)) {
      stale = true;
      continue;
    }
    const ticked = new Set([...part.querySelectorAll("input:checked")].map((box) => box.value));
    part.replaceChildren(...fresh.childNodes);
    for (const box of part.querySelectorAll("input[type=checkbox]")) box.checked = ticked.has(box.value);
    offerTables(part);
    part.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
