// Ten steps and an evaluation, as one digest on standard output: run twice by program.test.ts, in two processes.
import { createHash } from "node:crypto";
import { createTensorflowEngine } from "../../../core/engine/tensorflow/index.ts";
import { batchOf, compile, smallNetwork } from "./cases.ts";
import { THREADS } from "./installed.ts";

const engine = await createTensorflowEngine({ threads: THREADS });
const network = smallNetwork({ size: "large", imageSizePx: 64 });
const program = await compile(engine, network);
const hash = createHash("sha256");
for (let step = 1; step <= 10; step++) {
  hash.update(JSON.stringify(await program.trainStep(batchOf(network, step === 10 ? 5 : 8), { lr: 1e-3, step })));
}
for (const [name, values] of await program.save()) hash.update(name).update(new Uint8Array(values.buffer));
hash.update(new Uint8Array((await program.evaluate(batchOf(network, 8).images)).buffer));
program.dispose();
await engine.close();
process.stdout.write(`${hash.digest("hex")}\n`);
