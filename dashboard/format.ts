// Numbers, times and durations as text for people. Null becomes a dash.
import { freezeText } from "../core/experiment/freeze-text.ts";

export const DASH = "–";

/** 0.8125 → "0.813"; small numbers keep three figures: 0.000123 → "0.000123". */
export function number(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return DASH;
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value);
  const size = Math.abs(value);
  return size < 10 ** (1 - digits) || size >= 1e7 ? String(Number(value.toPrecision(3))) : value.toFixed(digits);
}

/** A share or a metric, always with three places: 1 → "1.000". */
export function metric(value: number | null | undefined): string {
  return value === null || value === undefined || Number.isNaN(value) ? DASH : value.toFixed(3);
}

/** 0.8125 → "81.3 %" */
export function percent(value: number | null | undefined, digits = 1): string {
  return value === null || value === undefined || Number.isNaN(value) ? DASH : `${(100 * value).toFixed(digits)} %`;
}

/** A p value: three places, or that it is smaller. */
export function pValue(value: number | null | undefined): string {
  return value !== null && value !== undefined && value < 0.001 ? "< 0.001" : metric(value);
}

/** With its sign: "+0.012". */
export function signed(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return DASH;
  return `${value > 0 ? "+" : value < 0 ? "−" : "±"}${Math.abs(value).toFixed(digits)}`;
}

/** 95000 → "1 min 35 s" */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return DASH;
  const seconds = Math.round(ms / 1000);
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** "2025-03-01 14:05" in UTC. */
export function dateTime(date: Date | null | undefined): string {
  return date === null || date === undefined ? DASH : date.toISOString().slice(0, 16).replace("T", " ");
}

/** 153600 → "150 kB" */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1000).toFixed(0)} kB`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}

/** First digits of a digest or id. */
export function short(text: string | null | undefined, length = 8): string {
  return text === null || text === undefined ? DASH : text.slice(0, length);
}

/** A setting's value as one short text: a freeze schedule in words, other objects as JSON. */
export function setting(value: unknown): string {
  if (value === null || value === undefined) return DASH;
  if (isFreeze(value)) return freezeText(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** "1 run", "2 runs" */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

/** A list of stages that have nothing but a part and a length. */
function isFreeze(value: unknown): value is Parameters<typeof freezeText>[0] {
  const plain = (stage: unknown) =>
    typeof stage === "object" &&
    stage !== null &&
    "part" in stage &&
    Object.keys(stage).every((key) => ["part", "epochs"].includes(key));
  return Array.isArray(value) && value.length > 0 && value.every(plain);
}

/** A data set's name for people: of one that is named by where it lies, the last part of its path. */
export function datasetTitle(name: string | null): string {
  if (name === null) return "no data set";
  return name.split(/[\\/]/).findLast((part) => part !== "") ?? name;
}
