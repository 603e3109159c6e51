// exp data inspect: what is in a data set.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import pc from "picocolors";
import { creditsOf } from "../data/catalogue.ts";
import { findDuplicates } from "../data/index.ts";
import { inspectListing, type Inspection } from "../data/inspect.ts";
import { pairSheet } from "../data/pair-sheet.ts";
import { expHome } from "../home.ts";
import { listForLooking, sourceOf } from "./data-source.ts";
import { printJson, printTable } from "./output.ts";

interface InspectFlags {
  readonly pairs: number;
  readonly json?: boolean;
}

export async function inspectData(text: string, flags: InspectFlags): Promise<void> {
  const source = await sourceOf(text);
  const listing = await listForLooking(source);
  const inspection = inspectListing(listing, await findDuplicates(listing));
  const sheet = await pairSheet(listing, inspection, flags.pairs);
  const sheetPath = sheet === null ? null : join(expHome(), "artifacts", "inspect", `${inspection.digest}.png`);
  if (sheet !== null && sheetPath !== null) {
    await mkdir(dirname(sheetPath), { recursive: true });
    await writeFile(sheetPath, sheet);
  }
  if (flags.json) printJson({ type: "inspection", ...inspection, credits: creditsOf(source), sheet: sheetPath });
  else {
    printInspection(inspection, sheetPath);
    for (const credit of creditsOf(source)) print(`credit:     ${credit}`);
  }
}

function printInspection(found: Inspection, sheetPath: string | null): void {
  const { name, samples, digest, classes } = found;
  print(`${pc.bold(name)}: ${samples} images, data set ${digest.slice(0, 12)}\n`);
  const parts = ["train", "val", "test", "none"].filter((part) => classes.some((c) => c.parts[part] !== undefined));
  const heads = parts.map((part) => (part === "none" ? "no part" : part));
  printTable(
    ["class", "images", "share", ...heads],
    classes.map((c) => {
      const share = `${((100 * c.samples) / samples).toFixed(1)} %`;
      return [c.name, c.samples, share, ...parts.map((part) => c.parts[part] ?? 0)];
    }),
  );
  print("");
  print(`sizes:      ${counts(found.sizes)}`);
  print(`formats:    ${counts(found.formats)}`);
  print(`channels:   ${counts(found.channels)}`);
  print(`groups:     ${found.groups === 0 ? "none named" : found.groups}`);
  const exact = found.duplicates.filter(({ kind }) => kind !== "near").length;
  print(`duplicates: ${exact} identical pairs, ${found.duplicates.length - exact} near-duplicates (${found.hash})`);
  if (sheetPath !== null) print(`            pairs, across classes first: ${sheetPath}`);
  for (const { id, reason } of found.skipped) print(`${pc.yellow("unusable")}: ${id}: ${reason}`);
  for (const { id, reason } of found.doubtful) print(`${pc.yellow("in doubt")}: ${id}: ${reason}`);
  for (const warning of found.warnings) print(`${pc.yellow("note")}: ${warning}`);
}

const SHOWN = 5;

function counts(all: Inspection["sizes"]): string {
  const shown = all.slice(0, SHOWN).map(({ value, count }) => `${value} (${count})`);
  return shown.join(", ") + (all.length > SHOWN ? `, and ${all.length - SHOWN} more` : "");
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
