// How data and code differ from what a run was trained with, in words.
import type { Manifest, Sample } from "../data/sample.ts";
import type { CodeState } from "./code-digest.ts";

export interface SampleDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Same id, other bytes, label, group, size or official part. */
  readonly changed: readonly { readonly id: string; readonly what: readonly string[] }[];
}

export function compareManifests(before: Manifest, now: Manifest): SampleDifference {
  const old = new Map(before.samples.map((sample) => [sample.id, sample]));
  const ids = new Set(now.samples.map(({ id }) => id));
  const changed = now.samples.flatMap((sample) => {
    const earlier = old.get(sample.id);
    const what = earlier === undefined ? [] : attributesThatDiffer(earlier, sample, before, now);
    return what.length === 0 ? [] : [{ id: sample.id, what }];
  });
  return {
    added: now.samples.filter(({ id }) => !old.has(id)).map(({ id }) => id),
    removed: before.samples.filter(({ id }) => !ids.has(id)).map(({ id }) => id),
    changed,
  };
}

function attributesThatDiffer(a: Sample, b: Sample, before: Manifest, now: Manifest): string[] {
  const found: string[] = [];
  if (a.sha256 !== b.sha256) found.push("bytes");
  if (before.classes[a.label] !== now.classes[b.label])
    found.push(`label (${before.classes[a.label]} before, ${now.classes[b.label]} now)`);
  if (a.group !== b.group) found.push("group");
  if (a.widthPx !== b.widthPx || a.heightPx !== b.heightPx) found.push("size");
  if (a.officialPart !== b.officialPart) found.push("official part");
  return found;
}

export interface FileDifference {
  readonly path: string;
  readonly how: "changed" | "added" | "removed";
}

export function compareCode(before: CodeState["files"], now: CodeState["files"]): FileDifference[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return paths.flatMap((path): FileDifference[] => {
    if (before[path] === now[path]) return [];
    const how = before[path] === undefined ? "added" : now[path] === undefined ? "removed" : "changed";
    return [{ path, how }];
  });
}

/** "3 changed (a, b, c)", at most `most` names. */
export function countedNames(word: string, names: readonly string[], most = 5): string[] {
  if (names.length === 0) return [];
  return [`${names.length} ${word} (${names.slice(0, most).join(", ")}${names.length > most ? ", …" : ""})`];
}
