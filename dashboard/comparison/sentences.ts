// The result of a comparison in plain words, with what weakens it.
import { number, percent } from "../format.ts";
import type { PairedSeeds } from "../statistics/paired-seeds.ts";
import type { PairComparison } from "./pair.ts";

const SIGNIFICANT = 0.05;
/** Below so many samples that only one of the two gets right, McNemar's test can hardly find anything. */
const FEW_DISCORDANT = 10;
const FEW_SAMPLES = 100;

/** What the test samples say about this one pair of runs. */
export function pairSentence({ counts, mcnemarP, samples }: PairComparison): string {
  const { fixed, broken } = counts;
  const total = samples.length;
  if (fixed === 0 && broken === 0) return `A and B are right and wrong on exactly the same ${total} images.`;
  const facts = `Of ${total} images, B gets ${fixed} right that A gets wrong, and A gets ${broken} right that B gets wrong.`;
  if (mcnemarP < SIGNIFICANT) {
    const better = fixed > broken ? "B is better" : "A is better";
    return `${facts} ${better}: if they were equally good, so uneven a split would come up in ${share(mcnemarP)} of test sets.`;
  }
  return `${facts} That is no evidence of a difference: if they were equally good, so uneven a split or more would come up in ${share(mcnemarP)} of test sets.`;
}

/** What weakens it, one line each. */
export function pairWarnings({ counts, samples }: PairComparison, pairsCompared: number): string[] {
  const warnings: string[] = [];
  if (samples.length < FEW_SAMPLES)
    warnings.push(`Only ${samples.length} test samples: a real difference of a few points cannot be seen with so few.`);
  if (counts.fixed + counts.broken < FEW_DISCORDANT)
    warnings.push(`Only ${counts.fixed + counts.broken} images tell A and B apart: the test has little power.`);
  if (pairsCompared > 1)
    warnings.push(
      `${pairsCompared} pairs are compared here: one in twenty would look different by chance alone. Read the p values after Holm's correction.`,
    );
  return warnings;
}

/** What the seeds say about the two variants: whether the difference would last over new trainings. */
export function seedSentence(result: PairedSeeds, metric: string): string {
  const { n, mean, low95, high95, p } = result;
  if (low95 === null || high95 === null || p === null)
    return `One seed in common: the difference in ${metric} is ${number(mean)}, and nothing is known of its spread. Run more seeds.`;
  const range = `${number(mean)} (95 % interval ${number(low95)} to ${number(high95)}, ${n} seeds)`;
  return p < SIGNIFICANT
    ? `Trained anew with other seeds on this data, B differs from A in ${metric} by ${range}: more than the seeds' own spread.`
    : `Over the seeds, B differs from A in ${metric} by ${range}: within the seeds' own spread.`;
}

function share(p: number): string {
  return p < 0.001 ? "fewer than 1 in 1000" : percent(p, p < 0.01 ? 2 : 0);
}
