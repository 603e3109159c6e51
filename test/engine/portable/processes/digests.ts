// A process of its own for engine-digests.test.ts: node digests.ts CASES KERNELS:THREADS… prints one digest a case and engine.
// CASES: JSON of DigestCase[]; types are stripped by Node itself where there is no tsx.
import { createPortableEngine } from "../../../../core/engine/portable/index.ts";
import type { KernelChoice } from "../../../../core/engine/portable/load.ts";
import { digestOf, type DigestCase } from "../digest-cases.ts";

const [cases = "[]", ...engines] = process.argv.slice(2);
for (const name of engines) {
  const [kernels, threads] = name.split(":") as [KernelChoice, string];
  const engine = await createPortableEngine({ kernels, threads: Number(threads) });
  for (const one of JSON.parse(cases) as DigestCase[]) console.log(await digestOf(engine, one));
  await engine.close();
}
