// How an engine and a process with one end (test/engine/portable/lifecycle.test.ts), on Node 22 and 24: a worker that is not told to stop
// keeps Node 24 in process.exit. LOCKSTEP_LONG=1.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { otherNode, type NodeMajor } from "../other-node.ts";

const LONG = process.env["LOCKSTEP_LONG"] === "1";
const run = promisify(execFile);

it.skipIf(!LONG).for<NodeMajor>([22, 24])(
  "Node %i ends as this one does",
  { timeout: 300_000 },
  async (major, { skip }) => {
    const other = await otherNode(major);
    if (typeof other === "string") return skip(other);
    const [node = ""] = other.command;
    const args = ["node_modules/vitest/vitest.mjs", "run", "test/engine/portable/lifecycle.test.ts"];
    const { stdout } = await run(node, args, { timeout: 280_000, env: { ...process.env, NO_COLOR: "1" } });
    expect(stdout).toMatch(/^\d+ passed, 0 failed, 0 skipped$/m);
  },
);
