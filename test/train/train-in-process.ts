// One training in a process of its own, from the latest checkpoint in the folder where there is one.
// tsx test/train/train-in-process.ts FOLDER [BATCH]   kills itself after that batch, else prints the digest.
import { latestCheckpoint } from "../../core/train/checkpoint-folder.ts";
import { openData, SMALL, trainOnce } from "./phantom-training.ts";

const [folder = "", killAfter] = process.argv.slice(2);
const data = await openData();
const { digest } = await trainOnce(data, {
  settings: { ...SMALL, epochs: 3 },
  folder,
  everySteps: 2,
  resumeFrom: await latestCheckpoint(folder),
  onProgress: ({ doneBatches }) => doneBatches === Number(killAfter) && process.kill(process.pid, "SIGKILL"),
});
process.stdout.write(digest);
await data.close();
