// The run page's confusion matrix by epoch: slider, phase and counts, row or column percentages, kept in the address.
import { keepParam, readData } from "./data.js";

const { matrices, first } = readData("confusion-data"); // matrices[phase][epoch] = counts
const table = document.getElementById("confusion");
const slider = document.getElementById("confusion-epoch");
const state = { ...first };

for (const control of document.querySelectorAll("#confusion-controls [name]")) {
  control.addEventListener("input", () => {
    state[control.name] = control.value;
    if (control.name === "phase") fitSlider();
    draw();
  });
}
fitSlider();
draw();

function epochs() {
  return Object.keys(matrices[state.phase])
    .map(Number)
    .sort((a, b) => a - b);
}

function fitSlider() {
  const all = epochs();
  slider.min = all[0];
  slider.max = all.at(-1);
  slider.disabled = all.length < 2;
  if (!all.includes(Number(state.epoch))) state.epoch = all.at(-1);
  slider.value = state.epoch;
}

function draw() {
  const counts = matrices[state.phase][state.epoch];
  if (!counts) return;
  keepParam("phase", state.phase, first.phase);
  keepParam("epoch", state.epoch, first.epoch);
  keepParam("show", state.show, "count");
  document.getElementById("confusion-at").textContent =
    state.phase === "train" || state.phase === "val"
      ? `${state.phase}, epoch ${state.epoch}`
      : `${state.phase}, of the best epoch`;
  slider.setAttribute("aria-valuetext", `epoch ${state.epoch}`);
  for (const cell of table.querySelectorAll("td[data-true]")) {
    const i = Number(cell.dataset.true);
    const j = Number(cell.dataset.predicted);
    const row = sum(counts[i]);
    const column = sum(counts.map((other) => other[j]));
    const whole = state.show === "column" ? column : row;
    const share = whole === 0 ? null : counts[i][j] / whole;
    cell.className = `h${share === null ? 0 : Math.round(share * 10)}`;
    cell.firstElementChild.textContent =
      state.show === "count" ? counts[i][j] : share === null ? "–" : `${(100 * share).toFixed(1)} %`;
  }
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
