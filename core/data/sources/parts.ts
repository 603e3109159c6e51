// Three sources with the same classes, one for each part. Ids get the part in front, so that they stay apart.
import { LockstepError } from "../../errors.ts";
import type { SourceContents } from "../candidate.ts";
import { PARTS } from "../official-split.ts";
import type { PartsSource, Source } from "../source.ts";

/** @param read reads one source */
export async function readParts(
  source: PartsSource,
  read: (source: Source) => Promise<SourceContents>,
): Promise<SourceContents> {
  const contents = await Promise.all(PARTS.map((part) => read(source[part])));
  const classes = contents[0]?.classes ?? [];
  contents.forEach((other, i) => {
    if (JSON.stringify(other.classes) !== JSON.stringify(classes))
      throw otherClasses(PARTS[i] as string, other.classes, classes);
  });
  return {
    name: contents.map(({ name }, i) => `${PARTS[i]}: ${name}`).join(", "),
    simulated: contents.some(({ simulated }) => simulated),
    classes,
    candidates: contents.flatMap(({ candidates }, i) => {
      const officialPart = PARTS[i] as (typeof PARTS)[number];
      return candidates.map((candidate) => ({ ...candidate, id: `${officialPart}/${candidate.id}`, officialPart }));
    }),
  };
}

function otherClasses(part: string, received: readonly string[], expected: readonly string[]): LockstepError {
  return new LockstepError({
    code: "data-invalid",
    message: `parts: ${part} has the classes ${received.join(", ")}; train has ${expected.join(", ")}`,
    next: "Give sources whose classes have the same names.",
  });
}
