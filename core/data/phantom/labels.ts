// Which class each simulated image shows: exact counts, in a seeded order.
import { stream } from "../../random.ts";
import { phantomClasses, type PhantomSource } from "../source.ts";

/** By image: index of its class. */
export function phantomLabels({ task, samples, balance, seed }: PhantomSource): number[] {
  const shares = balance ?? phantomClasses(task).map(() => 1);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const labels: number[] = [];
  let upTo = 0;
  shares.forEach((share, label) => {
    upTo += share;
    const end = label === shares.length - 1 ? samples : Math.round((samples * upTo) / total);
    while (labels.length < end) labels.push(label);
  });
  return stream(seed, "phantom-labels").shuffle(labels);
}
