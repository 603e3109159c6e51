// exp spool: what is on this machine and not yet where it belongs: events for the database, files for the artifact store.
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { expHome } from "../home.ts";
import { listPending, type Pending } from "../store/artifacts/pending-uploads.ts";
import { sendUploads, type UploadPass } from "../store/artifacts/send-uploads.ts";
import { openArtifactStore } from "../store/artifacts/uploader.ts";
import { markLostRuns, openStore, sendLeftoverSpools, type Store } from "../store/index.ts";
import { processLives } from "../store/process-id.ts";
import { describeSpools, type SpoolState } from "../store/spool/leftovers.ts";
import { listDamaged } from "../store/spool/spool-files.ts";
import { printNotice } from "./notice.ts";
import { printJson, printTable } from "./output.ts";

interface SpoolFlags {
  readonly json?: boolean;
}

interface FlushFlags extends SpoolFlags {
  readonly here?: boolean;
}

const EXAMPLES = `
Examples:
  exp spool status
  exp spool flush
  DATABASE_URL= exp spool flush --here   (into the embedded database, whatever they were recorded for)

A run whose database is away, from its start or later, is recorded in EXP_HOME/spool. It is sent by the process itself when the database
is back, else by the next exp command or by exp spool flush.`;

export function registerSpoolCommands(program: Command): void {
  const spool = program
    .command("spool")
    .description("Events and files of runs that wait on this machine for the database and the artifact store")
    .addHelpText("after", EXAMPLES);
  spool
    .command("status")
    .description("What waits, and whether its run still goes on")
    .option("--json", "one JSON object a file")
    .action(status);
  spool
    .command("flush")
    .description("Send what no running process will")
    .option("--here", "to this database, whatever database it was recorded for")
    .option("--json", "one JSON object")
    .action(flush);
}

async function status(flags: SpoolFlags): Promise<void> {
  const spools = await describeSpools(expHome());
  const uploads = listPending(expHome()).map(describeUpload);
  const damaged = listDamaged(expHome());
  if (flags.json) {
    for (const { runId, runName, database, bytes, path, ...file } of spools)
      printJson({ type: "spool", run: runId, name: runName, database, bytes, path, writer: writer(file) });
    for (const path of damaged) printJson({ type: "damaged", path });
    for (const upload of uploads) printJson({ type: "upload", ...upload });
  } else if (spools.length + uploads.length === 0)
    process.stdout.write("Nothing waits: all that was recorded is where it belongs.\n");
  else
    printTable(
      ["run", "what", "for", "bytes", "writer", "file"],
      [
        ...spools.map((file) => [
          file.runId.slice(0, 8),
          file.runName === null ? "events" : `all of ${file.runName}`,
          file.database ?? "any database",
          file.bytes,
          writer(file),
          file.path,
        ]),
        ...uploads.map(({ run, what, bytes, writer, path }) => [
          ...[run?.slice(0, 8) ?? "-", what, "artifact store"],
          ...[bytes, writer, path],
        ]),
      ],
    );
  for (const path of damaged)
    printNotice(`${path} is damaged: it was sent up to there and is kept; remove it when it is of no use.`);
}

function writer({ writerLives }: Pick<SpoolState, "writerLives">): string {
  if (writerLives === null) return "on another machine";
  return writerLives ? "running" : "ended";
}

function describeUpload(one: Pending) {
  const ended = writer({ writerLives: processLives(one.owner) });
  if (one.kind === "data") {
    const bytes = one.files.reduce((sum, file) => sum + file.bytes, 0);
    const [first] = one.files;
    const path = join(expHome(), one.files.length === 1 ? (first?.path ?? "") : dirname(first?.path ?? ""));
    const files = one.files.length;
    return { run: null, what: `${one.what} of a data set (${files})`, files, bytes, path, writer: ended };
  }
  const path = join(expHome(), one.kind === "artifact" ? one.path : one.checkpoint.path);
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const what = one.kind === "artifact" ? "artifact" : `checkpoint after ${one.step} steps`;
  return { run: one.runId, what, files: 1, bytes, path, writer: ended };
}

async function flush(flags: FlushFlags): Promise<void> {
  const store = await openStore();
  try {
    const { files, events, notices, elsewhere } = await sendLeftoverSpools(store, expHome(), flags.here);
    await markLostRuns(store);
    for (const notice of notices) printNotice(notice);
    for (const database of new Set(elsewhere))
      printNotice(`What is for the database ${database} stays: this one is ${store.name}. --here sends it here.`);
    const uploads = await flushUploads(store);
    for (const notice of uploads?.notices ?? []) printNotice(notice);
    const { sent: uploaded = 0, left = 0, failure = null } = uploads ?? {};
    if (flags.json) printJson({ type: "spool", files, events, uploaded, left });
    else process.stdout.write(`${flushed({ files, events, uploaded, left })}\n`);
    if (failure !== null) throw failure;
  } finally {
    await store.close();
  }
}

function flushed(sent: Readonly<Record<"files" | "events" | "uploaded" | "left", number>>): string {
  const { files, events, uploaded, left } = sent;
  const parts = [
    ...(files === 0 ? [] : [`Sent ${events} events from ${files} ${files === 1 ? "file" : "files"}.`]),
    ...(uploaded === 0 ? [] : [`Sent ${uploaded} files to the artifact store.`]),
    ...(left === 0 ? [] : [`${left} files wait for the artifact store.`]),
  ];
  return parts.length === 0 ? "Nothing waits." : parts.join(" ");
}

/** Null: there is no artifact store. */
async function flushUploads(store: Store): Promise<UploadPass | null> {
  const objects = await openArtifactStore(store);
  if (objects === null) return null;
  try {
    return await sendUploads({ store, objects, home: expHome() });
  } finally {
    objects.close();
  }
}
