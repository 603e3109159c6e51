// One training in a process of its own, from the latest checkpoint in the folder where there is one; killed by its test.
// tsx test/train/train-in-process.ts FOLDER   prints "batch <n>" after each batch, then "digest <digest>".
import { latestCheckpoint } from "../../core/train/checkpoint-folder.ts";
import { openData, SMALL, trainOnce } from "./phantom-training.ts";

const [folder = ""] = process.argv.slice(2);
const data = await openData();
const { digest } = await trainOnce(data, {
  settings: { ...SMALL, epochs: 3 },
  folder,
  everySteps: 2,
  resumeFrom: await latestCheckpoint(folder),
  onProgress: ({ doneBatches }) => process.stdout.write(`batch ${doneBatches}\n`),
});
process.stdout.write(`digest ${digest}\n`);
await data.close();
