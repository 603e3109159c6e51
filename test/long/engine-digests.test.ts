// The same digest of the portable engine for every kind of kernels, number of threads, batch size, width, number of classes and
// size of image; on aarch64; on Node 20, 22 and 24. LOCKSTEP_LONG=1; test/engine/portable/same-bits.test.ts has a few of them.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { createPortableEngine } from "../../core/engine/portable/index.ts";
import { hasNative, type KernelChoice } from "../../core/engine/portable/load.ts";
import { stream } from "../../core/random.ts";
import { describeDigestCase, digestOf, type DigestCase } from "../engine/portable/digest-cases.ts";
import { armNode, otherNode, type NodeMajor, type OtherNode } from "../other-node.ts";

const LONG = process.env["LOCKSTEP_LONG"] === "1";
const SCRIPT = fileURLToPath(new URL("../engine/portable/processes/digests.ts", import.meta.url));
const run = promisify(execFile);

/** Kernels and threads. */
type Engine = readonly [KernelChoice, number];
const WASM: readonly Engine[] = [1, 2, 3, 5].map((threads) => ["wasm", threads]);
const NATIVE: readonly Engine[] = [
  ["native", 1],
  ["native", 2],
  ["native", 3],
  ["native", 5],
  ["native-avx2", 1],
  ["native-avx2", 3],
  ["native-sse2", 1],
  ["native-sse2", 2],
  ["native-sse2", 3],
  ["native-sse2", 5],
];
const ENGINES: readonly Engine[] = hasNative() ? [...WASM, ...NATIVE] : WASM;

const BASE: DigestCase = { size: "large", widthMult: 1, classes: 2, sizePx: 64, freeze: "none", batches: [2] };
const CASES: readonly DigestCase[] = (["large", "small"] as const).flatMap((size) => [
  { ...BASE, size, batches: [32, 7] },
  { ...BASE, size, widthMult: 0.35, classes: 3, sizePx: 96, batches: [7, 2] },
  { ...BASE, size, widthMult: 1.25, classes: 3, batches: [2, 2] },
  { ...BASE, size, freeze: "blocks", batches: [7, 7] },
  { ...BASE, size, freeze: "backbone", classes: 3, batches: [7, 2] },
]);

async function expectOneDigest(one: DigestCase, engines: readonly Engine[]): Promise<void> {
  const digests = new Map<string, string>();
  for (const [kernels, threads] of engines) {
    const engine = await createPortableEngine({ kernels, threads });
    digests.set(`${kernels}, ${threads} threads`, await digestOf(engine, one));
    await engine.close();
  }
  expect(new Set(digests.values()).size, JSON.stringify([...digests], null, 1)).toBe(1);
}

describe.skipIf(!LONG)("every kind of kernels, 1, 2, 3 and 5 threads", () => {
  it.each(CASES.map((one) => [describeDigestCase(one), one] as const))(
    "%s",
    async (_name, one) => expectOneDigest(one, ENGINES),
    600_000,
  );
});

/** Whatever a user may ask for, drawn once for all. */
function drawnCases(count: number): DigestCase[] {
  return Array.from({ length: count }, (_, i) => {
    const random = stream(0, "engine-digests", i);
    const pick = <Value>(values: readonly Value[]): Value => values[random.integer(values.length)] as Value;
    const sizePx = pick([32, 33, 40, 50, 65, 96, 127, 160, 224]);
    const most = sizePx > 100 ? 5 : 40;
    return {
      size: pick(["large", "small"]),
      widthMult: pick([0.1, 0.35, 0.5, 0.75, 1, 1.25, 1.5, 2]),
      classes: pick([2, 3, 9, 17, 100]),
      sizePx,
      freeze: pick(["none", "blocks", "backbone", { upTo: 5 }]),
      batches: [2 + random.integer(most), 2 + random.integer(most)],
    };
  });
}

describe.skipIf(!LONG)("no limits that a user would meet", () => {
  const extremes: DigestCase[] = [
    { ...BASE, sizePx: 512, batches: [2, 2] },
    { ...BASE, size: "small", sizePx: 512, widthMult: 0.5, classes: 5, batches: [3, 2] },
    { ...BASE, sizePx: 32, batches: [130, 2] },
    { ...BASE, size: "small", sizePx: 32, classes: 1000, batches: [5, 64] },
  ];
  const cases = [...extremes, ...drawnCases(24)];
  it.each(cases.map((one) => [describeDigestCase(one), one] as const))(
    "%s",
    async (_name, one) => expectOneDigest(one, hasNative() ? [WASM[1]!, NATIVE[2]!] : [WASM[1]!, WASM[2]!]),
    600_000,
  );
});

describe.skipIf(!LONG)("other processes", () => {
  const cases: readonly DigestCase[] = [
    { ...BASE, size: "small", widthMult: 0.35, classes: 3, sizePx: 32, batches: [7, 2] },
    { ...BASE, widthMult: 0.35, sizePx: 32, batches: [2, 2] },
    { ...BASE, size: "small", freeze: "backbone", sizePx: 32, batches: [2, 2] },
  ];

  async function digestsUnder({ command, env }: OtherNode, engines: readonly string[]): Promise<string[]> {
    const [program = "", ...before] = command;
    const args = [...before, SCRIPT, JSON.stringify(cases), ...engines];
    const { stdout } = await run(program, args, { env: { ...process.env, ...env } });
    return stdout.trim().split("\n");
  }

  const tsx = { command: [process.execPath, "--import", "tsx"], env: {} };

  it.for<NodeMajor>([20, 22, 24])("Node %i", { timeout: 600_000 }, async (major, { skip }) => {
    const other = await otherNode(major);
    if (typeof other === "string") return skip(other);
    const engines = ENGINES.map(([kernels, threads]) => `${kernels}:${threads}`);
    const expected = await digestsUnder(tsx, ["wasm:1"]);
    const under = { ...other, command: [...other.command, "--import", "tsx"] };
    expect(await digestsUnder(under, engines)).toEqual(engines.flatMap(() => expected));
  });

  it("aarch64 under qemu-user, wasm and NEON", async ({ skip }) => {
    const arm = await armNode(22);
    if (typeof arm === "string") return skip(arm);
    const expected = await digestsUnder(tsx, ["wasm:1"]);
    const engines = ["wasm:2", "native:1", "native:3"];
    expect(await digestsUnder(arm, engines)).toEqual(engines.flatMap(() => expected));
  }, 1_200_000);
});
