// Data for the page: out of its JSON blocks, from the API, and the state that its address keeps.

/** @param {string} id of a <script type="application/json"> */
export function readData(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

/** Marks what is fetched again because something changed: the server makes it once for all who ask at that moment. */
export const LIVE = { "lockstep-live": "1" };

/** @param {Record<string, string>} headers */
export async function fetchJson(url, headers = {}) {
  const response = await fetch(url, { headers: { accept: "application/json", ...headers } });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** The address's parameter, or the default. */
export function param(name, otherwise) {
  return new URL(location.href).searchParams.get(name) ?? otherwise;
}

/** Keeps a view's state in the address without loading it again; the default leaves no trace. */
export function keepParam(name, value, otherwise) {
  const url = new URL(location.href);
  if (value === null || String(value) === String(otherwise)) url.searchParams.delete(name);
  else url.searchParams.set(name, String(value));
  history.replaceState(null, "", url);
}

/** A CSS variable's colour, now. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Calls now and whenever light and dark change places. */
export function onTheme(draw) {
  document.addEventListener("themechange", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

/** Exponential smoothing without the pull towards the first value. @param {number} weight 0 (none) to 0.99 */
export function smooth(values, weight) {
  if (weight === 0) return values;
  let sum = 0;
  let mass = 0;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return value;
    sum = weight * sum + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return sum / mass;
  });
}
