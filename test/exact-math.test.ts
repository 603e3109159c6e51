import { describe, expect, it } from "vitest";
import * as exact from "../core/exact-math.ts";
import { stream } from "../core/random.ts";

const draws = stream(0, "exact-math test");
const points = (count: number, low: number, high: number) =>
  Array.from({ length: count }, () => low + (high - low) * draws.uniform());
const relative = (value: number, reference: number) => Math.abs(value / reference - 1);

describe("exact math agrees with the host within its stated error", () => {
  it("exp and log: relative error below 2e-15", () => {
    for (const x of points(5000, -700, 700)) expect(relative(exact.exp(x), Math.exp(x))).toBeLessThan(2e-15);
    for (const x of points(5000, 1e-6, 1e6))
      expect(Math.abs(exact.log(x) - Math.log(x))).toBeLessThan(2e-15 * Math.max(1, Math.abs(Math.log(x))));
  });

  it("sin, cos, tanh and atan2: absolute error below 1e-15", () => {
    for (const x of points(5000, -1e5, 1e5)) {
      expect(Math.abs(exact.sin(x) - Math.sin(x))).toBeLessThan(1e-15);
      expect(Math.abs(exact.cos(x) - Math.cos(x))).toBeLessThan(1e-15);
      expect(Math.abs(exact.tanh(x / 1e4) - Math.tanh(x / 1e4))).toBeLessThan(1e-15);
      expect(Math.abs(exact.atan2(x, 1e5 - x) - Math.atan2(x, 1e5 - x))).toBeLessThan(1e-15);
    }
  });

  it("pow: whole powers exactly by squaring, others by exp and log", () => {
    expect(exact.pow(3, 5)).toBe(243);
    expect(exact.pow(2, 0.5)).toBeCloseTo(Math.SQRT2, 14);
  });

  it("handles the ends of the range", () => {
    expect([exact.exp(1000), exact.exp(-1000), exact.log(0), exact.exp(0)]).toEqual([Infinity, 0, -Infinity, 1]);
    expect(exact.log(-1)).toBeNaN();
    expect(exact.log(5e-324)).toBeCloseTo(-744.4400719213812, 10);
  });
});
