// What changes while runs go on, by server-sent events.

/**
 * A run that goes on; the page is loaded again when it ends, since its evaluation is there then.
 * @param {{ after?: string, rows?: (rows: { batches: object[], epochs: object[] }) => void, logged?: () => void }} what rows come after
 *   "epoch,batch,seconds" of the last batch that the page holds; logged: there may be more of what the run logs
 */
export function followRun(id, { after, rows, logged }) {
  const source = follow(`/api/v1/runs/${id}/events${after === undefined ? "" : `?after=${after}`}`);
  if (rows) source.addEventListener("rows", (event) => rows(JSON.parse(event.data)));
  if (logged) source.addEventListener("logged", logged);
  source.addEventListener("end", () => {
    source.close();
    void reload();
  });
}

/** Server-sent events for as long as the page is open; it says so when nothing answers, and takes that back when something does. */
export function follow(url) {
  const source = new EventSource(url);
  source.addEventListener("error", () => showAway(true));
  source.addEventListener("open", () => showAway(false));
  addEventListener("pagehide", () => source.close());
  return source;
}

/** Only from a dashboard that is there: `exp run` ends its own with the last training. */
async function reload() {
  try {
    await fetch(location.href, { method: "HEAD" });
    location.reload();
  } catch {
    showAway(true);
  }
}

function showAway(away) {
  const main = document.getElementById("main");
  const present = document.getElementById("away");
  if (!away) return present?.remove();
  if (present) return;
  const note = document.createElement("p");
  note.id = "away";
  note.className = "note warn";
  note.setAttribute("role", "status");
  note.textContent =
    "The dashboard does not answer: one that a training serves ends with it. “exp dashboard” serves it again; then load this page anew.";
  main.prepend(note);
}

/**
 * Fields of the page that carry data-progress="name".
 * @param {{ epochs: number, perEpoch: number | null }} run perEpoch: batches
 * @param {{ epoch: number, batch: number, seconds: number, imagesPerSecond: number }} last train batch
 */
export function showProgress({ epochs, perEpoch }, { epoch, batch, seconds, imagesPerSecond }) {
  const count = perEpoch ?? batch;
  const done = (epoch - 1) * count + batch;
  const left = epochs * count - done;
  const values = {
    epoch,
    batch: `${batch} of ${count}`,
    share: Math.min(1, done / (done + left)),
    imagesPerSecond: imagesPerSecond.toFixed(0),
    left: duration(Math.max(0, (seconds / done) * left)),
  };
  for (const element of document.querySelectorAll("[data-progress]")) {
    const value = values[element.dataset.progress];
    if (element instanceof HTMLProgressElement) element.value = value;
    else element.textContent = value;
  }
}

/** Such as "42 s", "3 min" and "1 h 5 min". */
function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
