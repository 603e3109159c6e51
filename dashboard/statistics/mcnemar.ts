// McNemar's test in its mid-p form (Fagerland, Lydersen and Laake 2013): two classifiers on the same samples.
// mid-p = 2 · P(X ≤ min(b, c)) − P(X = min(b, c)), X binomial with b + c trials and probability 1/2.
import binomialCdf from "@stdlib/stats-base-dists-binomial-cdf";

/** @param onlyA samples that only A gets right @param onlyB samples that only B gets right @returns two-sided p */
export function mcnemarMidP(onlyA: number, onlyB: number): number {
  const trials = onlyA + onlyB;
  if (trials === 0) return 1;
  const fewer = Math.min(onlyA, onlyB);
  const upTo = binomialCdf(fewer, trials, 0.5);
  const below = fewer === 0 ? 0 : binomialCdf(fewer - 1, trials, 0.5);
  return Math.min(1, upTo + below); // 2 · upTo − (upTo − below)
}
