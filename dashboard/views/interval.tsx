/** @jsxImportSource hono/jsx */
// A mean with its 95 % interval, as text and as a small picture on a common axis.
import type { Interval } from "../statistics/interval.ts";
import { DASH } from "../format.ts";

export function IntervalText({ interval, digits = 3 }: { interval: Interval | null; digits?: number }) {
  if (interval === null) return <span class="muted">{DASH}</span>;
  const { mean, low95, high95, n } = interval;
  if (low95 === null || high95 === null)
    return (
      <span title="One seed has no interval: run more seeds.">
        <b>{mean.toFixed(digits)}</b> <span class="muted small">1 seed</span>
      </span>
    );
  return (
    <span title={`95 % interval over ${n} seeds: ${low95.toFixed(digits)} to ${high95.toFixed(digits)}`}>
      <b>{mean.toFixed(digits)}</b> <span class="muted">± {(high95 - mean).toFixed(digits)}</span>
    </span>
  );
}

interface IntervalBarProps {
  readonly interval: Interval | null;
  /** Ends of the common axis. */
  readonly range: readonly [number, number];
  readonly values: readonly number[];
}

/** Dots are the seeds, the bar the interval, the tick the mean. */
export function IntervalBar({ interval, range, values }: IntervalBarProps) {
  const [low, high] = range;
  const at = (value: number) => 4 + Math.max(0, Math.min(1, (value - low) / (high - low || 1))) * 132;
  return (
    <svg class="interval" width="140" height="20" viewBox="0 0 140 20" aria-hidden="true">
      <line class="axis" x1="4" y1="10" x2="136" y2="10" />
      {interval !== null && interval.low95 !== null && interval.high95 !== null && (
        <rect
          class="s0"
          fill-opacity="0.25"
          stroke="none"
          x={at(interval.low95)}
          y="4"
          width={Math.max(1, at(interval.high95) - at(interval.low95))}
          height="12"
          rx="2"
        />
      )}
      {values.map((value) => (
        <circle class="s0" cx={at(value)} cy="10" r="2.4" fill-opacity="0.6" stroke="none" />
      ))}
      {interval !== null && (
        <line class="s0" x1={at(interval.mean)} y1="3" x2={at(interval.mean)} y2="17" stroke-width="2" />
      )}
    </svg>
  );
}

/** The axis that holds all intervals and values, with a little room. */
export function commonRange(
  items: readonly { interval: Interval | null; values: readonly number[] }[],
  /** Shares end at 0 and 1, whatever Student's t says. */
  bounds: readonly [number, number] = [-Infinity, Infinity],
): [number, number] {
  const all = items.flatMap(({ interval, values }) => [
    ...values,
    ...(interval === null ? [] : [interval.low95 ?? interval.mean, interval.high95 ?? interval.mean]),
  ]);
  if (all.length === 0) return [0, 1];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const room = (high - low) * 0.05 || 0.05;
  return [Math.max(bounds[0], low - room), Math.min(bounds[1], high + room)];
}
