// exp db backup|restore: all rows in one checked file, and back from it.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { LockstepError } from "../errors.ts";
import { megabytes } from "../megabytes.ts";
import { countRows, type BackupHeader } from "../store/backup/format.ts";
import { checkBackup, openBackup } from "../store/backup/read-backup.ts";
import { restoreBackup } from "../store/backup/restore.ts";
import { writeBackup } from "../store/backup/write-backup.ts";
import { openStore, withoutPassword } from "../store/index.ts";
import { interruptible } from "./interruptible.ts";
import { printNotice } from "./notice.ts";
import { printJson } from "./output.ts";
import { progressLine, type ProgressLine } from "./progress-line.ts";
import { withStore } from "./with-store.ts";

const HOLDS = `
The file holds every row of one moment, deleted runs that exp gc has not removed included; runs may go on meanwhile. It does not hold
the files of runs (checkpoints, pictures): copy the folders runs/ and artifacts/ of EXP_HOME too, or verify and resume will miss them.`;

export function registerBackupCommands(db: Command): void {
  db.command("backup")
    .argument("<file>", "such as lockstep.backup; must not exist yet")
    .description("Write all that the database holds into one compressed file with a checksum")
    .option("--force", "replace the file if it exists")
    .option("--json", "one JSON object")
    .addHelpText(
      "after",
      `${HOLDS}\n\nExamples:\n  exp db backup lockstep.backup\n  exp db backup nightly.backup --force`,
    )
    .action(backup);
  db.command("restore")
    .argument("<file>", "what exp db backup wrote, with this version or an earlier one")
    .description("Put a backup's rows into an empty database: all of them, or none where the file is damaged")
    .option("--replace", "remove first what the database holds")
    .option("--check", "only check the file and say what it holds")
    .option("--json", "one JSON object")
    .addHelpText(
      "after",
      `${HOLDS}\n\nExamples:\n  exp db restore lockstep.backup --check\n  EXP_HOME=~/restored exp db restore lockstep.backup`,
    )
    .action(restore);
}

async function backup(file: string, { force, json }: { force?: boolean; json?: boolean }): Promise<void> {
  const path = resolve(file);
  refusePlace(path, force === true);
  const line = progressLine("writing rows", (rows) => rows.toLocaleString("en"));
  await interruptible(async ({ signal }) => {
    return withStore(async (store) => {
      const { header, bytes, sha256 } = await writeBackup(store, { path, signal, onProgress: line.update });
      line.close();
      if (json) printJson({ type: "backup", file: path, bytes, sha256, ...facts(header) });
      else process.stdout.write(`${file}: ${text(header)}, ${megabytes(bytes)}\n`);
    });
  }, line.close);
}

function refusePlace(path: string, force: boolean): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined || (there.isFile() && force)) return;
  throw new LockstepError({
    code: "usage",
    message: there.isFile() ? `${path} is there already.` : `${path} is no file.`,
    next: there.isFile() ? "Give another name, or --force." : "Give the name of a file.",
  });
}

async function restore(file: string, { replace, check, json }: { replace?: boolean; check?: boolean; json?: boolean }) {
  const path = resolve(file);
  const lines = [progressLine("checking", megabytes), progressLine("restoring", megabytes)] as const;
  await interruptible(
    async () => {
      const total = await checkBackup(path, lines[0].update);
      lines[0].close();
      const header = check ? await headerOf(path) : await restoreInto(path, { replace, line: lines[1], total });
      if (json) printJson({ type: check ? "backup" : "restored", file: path, ...facts(header) });
      else process.stdout.write(`${file}: ${text(header)}${check ? "; the checksum fits" : ", restored"}\n`);
    },
    () => lines.forEach((line) => line.close()),
  );
}

async function headerOf(path: string): Promise<BackupHeader> {
  const { header, close } = await openBackup(path);
  close();
  return header;
}

interface Into {
  readonly replace: boolean | undefined;
  readonly line: ProgressLine;
  /** Bytes to be read. */
  readonly total: number;
}

/** What earlier processes left in the spool waits for the next command: its runs may be among those that come back. */
async function restoreInto(path: string, { replace, line, total }: Into): Promise<BackupHeader> {
  const store = await openStore();
  try {
    const header = await restoreBackup(store, { path, replace, onBytes: (read) => line.update(read, total) });
    line.close();
    printNotice(`into ${withoutPassword(store.url)}`);
    return header;
  } finally {
    await store.close();
  }
}

function facts(header: BackupHeader) {
  const { madeAt, migrations, tables } = header;
  const rows = Object.fromEntries(tables.map((table) => [table.name, table.rows]));
  return { madeAt, migration: migrations.length, runs: countRows(header, "runs"), rows };
}

function text(header: BackupHeader): string {
  const rows = countRows(header).toLocaleString("en");
  return `${countRows(header, "runs")} runs, ${rows} rows of ${header.madeAt}`;
}
