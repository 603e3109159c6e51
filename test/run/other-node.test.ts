// The same bits on Node 20, 22 and 24 (three generations of V8's compilers), and where V8 may use neither AVX nor its optimizing
// compiler. test/long/digests.test.ts does the same with `exp run`.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, it } from "vitest";
import { otherNode, type NodeMajor } from "../other-node.ts";

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL("digest-of-training.ts", import.meta.url));

/** One digest where all kernels agree. */
async function digest(node: string, flags: readonly string[], kernels: readonly string[]): Promise<string> {
  const { stdout } = await run(node, [...flags, "--import", "tsx", SCRIPT, ...kernels]);
  const lines = stdout.trim().split("\n");
  expect(lines.length).toBe(kernels.length);
  return [...new Set(lines.map((line) => line.split(" ")[2]))].join(" and ");
}

/** Node for ARM does not know the flag. */
const NO_AVX = process.arch === "x64" ? ["--no-enable-avx"] : [];

let expected: string;
beforeAll(async () => {
  expected = await digest(process.execPath, [], ["wasm"]);
  expect(expected).toMatch(/^[0-9a-f]{64}$/);
});

it.for<NodeMajor>([20, 22, 24])(
  "Node %i gives the digest of this one",
  { timeout: 300_000 },
  async (major, { skip }) => {
    const other = await otherNode(major);
    if (typeof other === "string") return skip(other);
    expect(await digest(other.command[0] ?? "", [], ["wasm", "auto"])).toBe(expected);
  },
);

it("V8 without AVX and with its baseline compiler alone gives the same digest", async () => {
  expect(await digest(process.execPath, [...NO_AVX, "--liftoff", "--no-wasm-tier-up"], ["wasm"])).toBe(expected);
});
