// A chart's legend below it: one button a curve (pressed: shown), with its value under the pointer.

/**
 * @param {HTMLElement} element the chart's own box
 * @param {{ label: string, colour: number, values: (number | null)[], style: string }[]} series
 */
export function legendFor(element, series, { x, tick }) {
  const box = boxAfter(element);
  const entries = series.flatMap((one, index) => (one.style === "edge" ? [] : [makeEntry(one, index)]));
  box.replaceChildren(...entries.map((entry) => entry.button));
  return {
    /** @param {number | null | undefined} at index of the pointer's x; none: no values */
    show(at) {
      for (const { index, value } of entries) {
        const number = at === null || at === undefined ? null : series[index].values[at];
        value.textContent = number === null || number === undefined ? "" : tick(number);
      }
      box.dataset.x = at === null || at === undefined ? "" : String(x[at]);
    },
    /** @param {(index: number, show: boolean) => void} listener */
    onToggle(listener) {
      for (const { index, button } of entries) {
        button.addEventListener("click", () => {
          const show = button.getAttribute("aria-pressed") === "false";
          button.setAttribute("aria-pressed", String(show));
          listener(index, show);
          if (series[index + 1]?.style === "edge") [1, 2].forEach((next) => listener(index + next, show)); // its band
        });
      }
    },
  };
}

function boxAfter(element) {
  if (element.nextElementSibling?.classList.contains("legend")) return element.nextElementSibling;
  const box = document.createElement("div");
  box.className = "legend";
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Curves shown");
  element.after(box);
  return box;
}

function makeEntry({ label, colour, style }, index) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-pressed", "true");
  const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  swatch.setAttribute("width", "12");
  swatch.setAttribute("height", "10");
  swatch.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ y: 3, width: 12, height: 4, rx: 2, class: `s${colour % 10}` })) {
    line.setAttribute(name, String(value));
  }
  if (style === "faint") line.setAttribute("opacity", "0.35");
  swatch.append(line);
  const value = document.createElement("b");
  button.append(swatch, ` ${label} `, value);
  return { index, button, value };
}
