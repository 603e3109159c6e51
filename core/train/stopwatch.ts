// The one place in training that looks at a clock: durations are recorded and shown, and decide nothing.
/* eslint-disable no-restricted-properties */

/** Starts now. @returns a function that gives the milliseconds since */
export function startWatch(): () => number {
  const start = performance.now();
  return () => performance.now() - start;
}
