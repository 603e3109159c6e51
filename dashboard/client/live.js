// What changes while runs go on, by server-sent events.

/**
 * New rows of one run; the page is loaded again when the run ends, since its evaluation is there then.
 * @param {string} after "epoch,batch" that the page holds already
 * @param {(rows: { batches: object[], epochs: object[] }) => void} onRows
 */
export function followRun(id, after, onRows) {
  const source = new EventSource(`/api/v1/runs/${id}/events?after=${after}`);
  source.addEventListener("rows", (event) => onRows(JSON.parse(event.data)));
  source.addEventListener("progress", (event) => showProgress(JSON.parse(event.data)));
  source.addEventListener("end", () => {
    source.close();
    location.reload();
  });
  addEventListener("pagehide", () => source.close());
}

/** Fields of the page that carry data-progress="name". */
function showProgress(progress) {
  for (const element of document.querySelectorAll("[data-progress]")) {
    const value = progress[element.dataset.progress];
    if (element instanceof HTMLProgressElement) element.value = value ?? 0;
    else element.textContent = value ?? "–";
  }
}
