// exp tag|note|name|alias|archive|delete: what people say of runs; what a run recorded never changes by it.
import type { Command } from "commander";
import {
  changeTags,
  findDeletedRun,
  listDeleted,
  removeAlias,
  setAlias,
  setArchived,
  setDeleted,
  setName,
  setNote,
  type RunRow,
  type Store,
} from "../store/index.ts";
import { LockstepError } from "../errors.ts";
import { findAnyRun } from "../run/recorded.ts";
import { repeated } from "./flags.ts";
import { printJson } from "./output.ts";
import { withStore } from "./with-store.ts";

const RUN = "id, the beginning of one, experiment/variant/seed or experiment@alias";

interface Flags {
  readonly json?: boolean;
  readonly remove?: boolean | readonly string[];
  readonly undo?: boolean;
  readonly list?: boolean;
}

export function registerMarkCommands(program: Command): void {
  const command = (name: string, description: string, examples: string): Command =>
    program
      .command(name)
      .description(description)
      .option("--json", "one JSON object")
      .addHelpText("after", `\nExamples:\n  ${examples.replaceAll("; ", "\n  ")}\n`);
  command("tag", "Give a run tags, or take some away", "exp tag 3f2a baseline paper; exp tag 3f2a --remove paper")
    .argument("<run>", RUN)
    .argument("[tags...]", "words")
    .option("--remove <tag>", "take it away; may be given again", repeated, [])
    .action(tag);
  command("note", "Write a note on a run", 'exp note 3f2a "stopped by hand"; exp note 3f2a --remove')
    .argument("<run>", RUN)
    .argument("[text]", "the note")
    .option("--remove", "take it away")
    .action(note);
  command("name", "Give a run a name of its own", 'exp name 3f2a "the one in the paper"; exp name 3f2a --remove')
    .argument("<run>", RUN)
    .argument("[name]", "the name")
    .option("--remove", "take it away")
    .action(name);
  command(
    "alias",
    "Name one run of its experiment, such as best; the name moves",
    "exp alias 3f2a best; exp show mine@best",
  )
    .argument("<run>", RUN)
    .argument("<alias>", "the name")
    .option("--remove", "take it away from the run")
    .action(alias);
  command("archive", "Hide a run from lists", "exp archive 3f2a; exp archive 3f2a --undo")
    .argument("<run>", RUN)
    .option("--undo", "show it again")
    .action(archive);
  command(
    "delete",
    "Take a run out of everything; exp gc removes it for good",
    "exp delete 3f2a; exp delete 3f2a --undo; exp delete --list",
  )
    .argument("[run]", RUN)
    .option("--undo", "bring it back")
    .option("--list", "those that can be brought back")
    .action(remove);
}

async function tag(runName: string, tags: readonly string[], flags: Flags): Promise<void> {
  const gone = Array.isArray(flags.remove) ? (flags.remove as readonly string[]) : [];
  if (tags.length + gone.length === 0) throw missing("no tag is given", "exp tag RUN WORD");
  await withRun(runName, async (store, run) => {
    const now = await changeTags(store, run.runId, { add: tags, remove: gone });
    tell(flags, run, { tags: now }, `tags: ${now.join(", ") || "none"}`);
  });
}

async function note(runName: string, text: string | undefined, flags: Flags): Promise<void> {
  const value = textOrNull("note", text, flags);
  await withRun(runName, async (store, run) => {
    await setNote(store, run.runId, value);
    tell(flags, run, { note: value }, value === null ? "has no note" : "has the note");
  });
}

async function name(runName: string, text: string | undefined, flags: Flags): Promise<void> {
  const value = textOrNull("name", text, flags);
  await withRun(runName, async (store, run) => {
    await setName(store, run.runId, value);
    tell(flags, run, { name: value }, value === null ? "has no name" : `is named "${value}"`);
  });
}

async function alias(runName: string, word: string, flags: Flags): Promise<void> {
  await withRun(runName, async (store, run) => {
    if (flags.remove === true) {
      if (!(await removeAlias(store, run.runId, word))) throw missing(`the run has no alias "${word}"`, "exp show RUN");
      return tell(flags, run, { removed: word }, `is no longer ${run.experiment}@${word}`);
    }
    const before = await setAlias(store, run, word);
    const moved = before === null ? "" : ` (it was ${before})`;
    tell(flags, run, { alias: word, before }, `is ${run.experiment}@${word}${moved}`);
  });
}

async function archive(runName: string, flags: Flags): Promise<void> {
  await withRun(runName, async (store, run) => {
    await setArchived(store, run.runId, !flags.undo);
    tell(
      flags,
      run,
      { archived: !flags.undo },
      flags.undo ? "is in the lists again" : "is archived; --undo shows it again",
    );
  });
}

async function remove(runName: string | undefined, flags: Flags): Promise<void> {
  if (flags.list) return withStore((store) => printDeleted(store, flags));
  if (runName === undefined) throw missing("no run is given", "exp delete RUN, or --list");
  if (flags.undo) {
    return withStore(async (store) => {
      const run = await findDeletedRun(store, runName);
      await setDeleted(store, run.runId, false);
      tell(flags, run, { deleted: false }, "is back");
    });
  }
  await withRun(runName, async (store, run) => {
    if (run.status === "running") throw missing(`run ${run.runId} is running`, "exp stop RUN first.");
    await setDeleted(store, run.runId, true);
    tell(flags, run, { deleted: true }, "is deleted; --undo brings it back until exp gc");
  });
}

async function printDeleted(store: Store, flags: Flags): Promise<void> {
  const deleted = await listDeleted(store);
  if (deleted.length === 0 && flags.json !== true) process.stdout.write("No deleted run waits for exp gc.\n");
  for (const run of deleted) tell(flags, run, { deletedAt: run.deletedAt }, "is deleted");
}

async function withRun(runName: string, work: (store: Store, run: RunRow) => Promise<void>): Promise<void> {
  await withStore(async (store) => work(store, await findAnyRun(store, runName)));
}

function textOrNull(what: string, text: string | undefined, { remove: gone }: Flags): string | null {
  if (gone === true) return null;
  if (text !== undefined && text.trim() !== "") return text;
  throw missing(`no ${what} is given`, `exp ${what} RUN TEXT, or --remove`);
}

function tell(flags: Flags, run: RunRow, facts: object, text: string): void {
  const { runId, experiment, variant, seed } = run;
  if (flags.json) printJson({ type: "run", run: runId, experiment, variant, seed, ...facts });
  else process.stdout.write(`${experiment}/${variant}/${seed} (${runId}) ${text}\n`);
}

function missing(message: string, next: string): LockstepError {
  return new LockstepError({ code: "usage", message: `${message}.`, next });
}
