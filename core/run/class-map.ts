// Which class of another data set is which of a run's: by name, unless the user says otherwise. Nothing is guessed and nothing dropped
// unasked.
import { LockstepError } from "../errors.ts";
import { suggestion } from "../experiment/nearest.ts";
import type { Manifest } from "../data/sample.ts";

export interface ClassWishes {
  /** Class of the data set to class of the run. */
  readonly renamed: Readonly<Record<string, string>>;
  /** Classes of the data set whose samples do not take part. */
  readonly leftOut: readonly string[];
}

/** @returns class of the data set to class of the run; null: left out @throws LockstepError "data-invalid", "usage" */
export function mapClasses(
  { name, classes: theirs, samples }: Manifest,
  ours: readonly string[],
  { renamed, leftOut }: ClassWishes,
): Record<string, string | null> {
  for (const asked of [...Object.keys(renamed), ...leftOut]) checkKnown(asked, theirs, `a class of ${name}`);
  for (const asked of Object.values(renamed)) checkKnown(asked, ours, "a class of the run");
  const target = (theirName: string) => (leftOut.includes(theirName) ? null : (renamed[theirName] ?? theirName));
  const map = Object.fromEntries(theirs.map((theirName) => [theirName, target(theirName)]));
  const foreign = theirs.filter((theirName) => map[theirName] !== null && !ours.includes(map[theirName] as string));
  if (foreign.length > 0) throw foreignClasses(foreign, { name, classes: theirs, samples }, ours);
  return map;
}

function checkKnown(asked: string, known: readonly string[], what: string): void {
  if (known.includes(asked)) return;
  throw new LockstepError({
    code: "usage",
    message: `"${asked}" is not ${what}, expected one of ${known.join(", ")}.${suggestion(asked, known)}`,
    next: "--map theirs=ours names a class of the data set first, --leave-out one of the data set.",
  });
}

function foreignClasses(
  foreign: readonly string[],
  { name, classes, samples }: Pick<Manifest, "name" | "classes" | "samples">,
  ours: readonly string[],
): LockstepError {
  const counted = foreign.map((one) => {
    const n = samples.filter(({ label }) => classes[label] === one).length;
    return `"${one}" (${n} samples)`;
  });
  const first = foreign[0] ?? "";
  return new LockstepError({
    code: "data-invalid",
    message: `${name} has ${counted.join(", ")}, which the run does not know; expected its classes: ${ours.join(", ")}`,
    next: `--map ${quoted(first)}=${quoted(ours[0] ?? "")} takes one for another, --leave-out ${quoted(first)} leaves its samples out.`,
  });
}

function quoted(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `"${name}"`;
}
