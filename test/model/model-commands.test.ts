import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, describe, expect, it, vi } from "vitest";
import { registerModelCommands } from "../../core/cli/model.ts";
import { registerWeightsCommands } from "../../core/cli/weights.ts";
import { unpack } from "./weights/golden-files.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-model-commands-"));
let printed = "";

afterEach(() => vi.restoreAllMocks());

/** Runs `exp …` and keeps what it prints. */
async function exp(...args: string[]): Promise<string> {
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  const program = new Command("exp").exitOverride().configureOutput({ writeErr: () => undefined });
  registerModelCommands(program);
  registerWeightsCommands(program);
  await program.parseAsync(["node", "exp", ...args]);
  return printed;
}

describe("exp model summary", () => {
  it("prints a row a layer and the article's totals", async () => {
    const text = await exp("model", "summary", "--layout", "article");
    for (const total of ["5,140,608", "505.77 M", "255.62 M", "44.65 MB", "96.79 MB"]) expect(text).toContain(total);
    expect(text).toMatch(/stem\.conv +conv +224x224x3 +112x112x16/);
  });

  it("prints torchvision's parameters and GFLOPs", async () => {
    const text = await exp("model", "summary");
    expect(text).toContain("5,483,032");
    expect(text).toContain("0.22 (216.59 M)");
  });

  it("prints one JSON object a layer and one for the totals", async () => {
    const text = await exp(
      "model",
      "summary",
      "--width",
      "0.5",
      "--classes",
      "2",
      "--image",
      "96",
      "--freeze",
      "backbone",
      "--json",
    );
    const objects = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; trainable: number });
    expect(objects.slice(0, -1).every(({ type }) => type === "layer")).toBe(true);
    expect(objects.at(-1)).toMatchObject({ type: "total", trainable: 480 * 640 + 640 + 640 * 2 + 2 });
  });

  it.each([
    [["--width", "abc"], /--width is "abc", expected a number/],
    [["--width", "0"], /widthMult is 0/],
    [["--image", "16"], /imageSizePx is 16, expected a whole number from 32 to 512/],
    [["--freeze", "99"], /upTo is 99, expected a whole number from 0 to 15/],
  ])("refuses %o", async (flags, message) => {
    await expect(exp("model", "summary", ...flags)).rejects.toThrow(message);
  });
});

describe("exp weights check", () => {
  const file = unpack("large-zip.pth", folder);

  it("reports what fits", async () => {
    const text = await exp("weights", "check", file, "--width", "0.25", "--classes", "3");
    expect(text).toContain("308 backbone entries of 312 fit");
  });

  it("reports first and then refuses what does not fit", async () => {
    await expect(exp("weights", "check", file, "--json")).rejects.toMatchObject({ code: "weights-invalid" });
    expect(JSON.parse(printed)).toMatchObject({
      type: "weights",
      format: "torch",
      loaded: expect.any(Array) as unknown,
    });
  });
});
