// A short whole training (images drawn, augmented, trained, validated, tested) without a database, for processes of other kinds:
// node test/run/digest-of-training.ts KERNELS… prints processor, kernels and the run's digest, a line for each kind of kernels.
import type { KernelChoice } from "../../core/engine/portable/load.ts";
import { openData, trainOnce } from "../train/phantom-training.ts";

const data = await openData({ samples: 30 });
for (const kernels of process.argv.slice(2) as KernelChoice[]) {
  const { digest } = await trainOnce(data, { kernels });
  process.stdout.write(`${process.arch} ${kernels} ${digest}\n`);
}
await data.close();
