// The same bits on another processor: a short training under qemu-user on 64-bit ARM, with native (NEON) and wasm kernels.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { armNode, otherNode, type OtherNode } from "../other-node.ts";

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL("digest-of-training.ts", import.meta.url));

async function digests({ command: [program = "", ...args], env }: OtherNode): Promise<string[]> {
  const flags = ["--disable-warning=ExperimentalWarning"]; // types are stripped by Node itself: tsx has no ARM program here
  const all = [...args, ...flags, SCRIPT, "native", "wasm"];
  const { stdout } = await run(program, all, { env: { ...process.env, ...env } });
  return stdout.trim().split("\n");
}

/** sharp's program for ARM, in the version that is installed for this machine. */
function sharpForArm(): string[] {
  const file = new URL("../../node_modules/sharp/package.json", import.meta.url);
  const { optionalDependencies } = JSON.parse(readFileSync(file, "utf8")) as {
    optionalDependencies: Record<string, string>;
  };
  return ["@img/sharp-linux-arm64", "@img/sharp-libvips-linux-arm64"].map(
    (name) => `${name}@${optionalDependencies[name]}`,
  );
}

it("a run on aarch64 has the digest of one on x86-64, native and wasm", async ({ skip }) => {
  const [arm, here] = [await armNode(22, sharpForArm()), await otherNode(22)];
  if (typeof arm === "string") return skip(arm);
  if (typeof here === "string") return skip(here);
  const expected = await digests(here);
  expect(expected[0]?.split(" ")[2]).toMatch(/^[0-9a-f]{64}$/);
  expect(expected[1]?.split(" ")[2]).toBe(expected[0]?.split(" ")[2]);
  expect(await digests(arm)).toEqual(expected.map((line) => line.replace("x64", "arm64")));
}, 600_000);
