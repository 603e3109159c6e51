// Lists that hold running runs: parts marked data-live are fetched again when something changed.
const source = new EventSource("/api/v1/events");
source.addEventListener("changed", refresh);
addEventListener("pagehide", () => source.close());

async function refresh() {
  const response = await fetch(location.href);
  if (!response.ok) return;
  const next = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = next.getElementById(part.id);
    if (fresh && !part.contains(document.activeElement)) part.replaceChildren(...fresh.childNodes);
  }
}
