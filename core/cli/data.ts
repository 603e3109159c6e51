// exp data inspect|preview|prepare|audit: look at a data set, and check what was stored of it.
import type { Command } from "commander";
import { wholeNumber } from "./flags.ts";
import { auditRun } from "./data-audit.ts";
import { inspectData } from "./data-inspect.ts";
import { prepareData } from "./data-prepare.ts";
import { previewData } from "./data-preview.ts";

const EXAMPLES = `
Examples:
  exp data inspect ../images
  exp data inspect breastmnist.npz --json
  exp data prepare ../images --size 257
  exp data preview experiments/frozen-backbone.ts --variant slim
  exp data audit frozen-backbone/slim/0

A SOURCE is a folder, an .npz file, a .csv table, or an experiment file, whose data is meant.`;

export function registerDataCommands(program: Command): void {
  const data = program.command("data").description("Look at data and check it").addHelpText("after", EXAMPLES);
  data
    .command("inspect")
    .argument("<source>", "a folder, .npz, .csv, or an experiment file")
    .description("Counts, sizes, formats, duplicates, unreadable files, and what a careful reader would remark")
    .option("--pairs <n>", "pairs of duplicates on the sheet", wholeNumber("--pairs", 1), 60)
    .option("--json", "one JSON object")
    .action(inspectData);
  data
    .command("prepare")
    .argument("<source>", "a folder, .npz, .csv, or an experiment file")
    .description("Decode all images into the cache, so that the next run begins at once")
    .option("--size <px>", "shorter side of the stored images", wholeNumber("--size", 32), 111)
    .option("--json", "one JSON object")
    .action(prepareData);
  data
    .command("preview")
    .argument("<experiment>", "an experiment file")
    .description("Write a sheet of training images as the network sees them, and say which draw made each")
    .option("--variant <name>", "default: the first")
    .option("--seed <n>", "default: the first", wholeNumber("--seed", Number.MIN_SAFE_INTEGER))
    .option("--epoch <n>", "from 1", wholeNumber("--epoch", 1), 1)
    .option("--json", "one JSON object")
    .action(previewData);
  data
    .command("audit")
    .argument("<run>", "id, a unique beginning of one, or experiment/variant/seed")
    .description("Check a stored split for groups and duplicates on both sides; exit code 1 where there are some")
    .option("--json", "one JSON object")
    .action(auditRun);
}
