import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { zipSync } from "fflate";
import { readTorchFile } from "../../../core/model/weights/torch-file.ts";
import { openWeights } from "../../../core/model/weights/weights-file.ts";
import { goldenState, makeNetwork, unpack } from "./golden-files.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-weights-"));
const network = makeNetwork({ widthMult: 0.25 });
const importers = "../shared/data/importers";

describe("PyTorch files", () => {
  it.each(["large-zip.pth", "large-legacy.pth", "large-wrapped.pth"])(
    "%s gives every array, bit for bit",
    async (name) => {
      const { tensors } = await openWeights(unpack(name, folder), network);
      expect(tensors.size).toBe(312); // with 46 num_batches_tracked
      for (const [key, values] of goldenState(network)) expect(tensors.get(key)?.values).toEqual(values);
      expect(tensors.get("features.0.1.num_batches_tracked")).toEqual({ shape: [], values: Float32Array.of(0) });
    },
  );

  it("follows strides and offsets into a storage", () => {
    const tensors = readTorchFile(readFileSync(unpack("transposed.pth", folder)), "transposed.pth");
    expect(tensors.get("a")?.shape).toEqual([4, 2, 3]);
    expect([...(tensors.get("a")?.values ?? [])].slice(0, 7)).toEqual([0, 4, 8, 12, 16, 20, 1]);
    expect([...(tensors.get("b")?.values ?? [])]).toEqual([3, 4, 5, 6]);
  });

  it("refuses a pickle that calls os.system, and runs nothing", () => {
    const witness = join(folder, "ran");
    const command = `touch ${witness}`;
    const pickle = Buffer.concat([
      Buffer.from("\x80\x02cposix\nsystem\n", "latin1"), // what pickle.dumps writes for (os.system, (command,))
      Buffer.from([0x58, command.length, 0, 0, 0]),
      Buffer.from(`${command}\x85R.`, "latin1"),
    ]);
    const zip = zipSync({ "archive/data.pkl": pickle, "archive/version": Buffer.from("3\n") });
    expect(() => readTorchFile(zip, "evil.pth")).toThrow(/refused: its pickle names posix.system/);
    const legacy = Buffer.concat([readFileSync(unpack("large-legacy.pth", folder)).subarray(0, 15), pickle]);
    expect(() => readTorchFile(legacy, "evil.pth")).toThrow(/refused: its pickle names posix.system/);
    expect(existsSync(witness)).toBe(false);
  });

  it("refuses a whole pickled model and says how to save one", () => {
    const pickle = Buffer.from("\x80\x02ctorchvision.models.mobilenetv3\nMobileNetV3\n)\x81.", "latin1");
    const zip = zipSync({ "archive/data.pkl": pickle });
    expect(() => readTorchFile(zip, "model.pth")).toThrow(/torchvision.models.mobilenetv3.MobileNetV3/);
  });

  it.each(["large-zip.pth", "large-legacy.pth"])("names %s when it is cut in the middle", async (name) => {
    const whole = readFileSync(unpack(name, folder));
    for (const share of [0.02, 0.3, 0.6, 0.999]) {
      const cut = join(folder, `cut-${name}`);
      writeFileSync(cut, whole.subarray(0, Math.floor(whole.length * share)));
      await expect(openWeights(cut, network)).rejects.toThrow(/cut-large.*damaged/);
    }
  });

  it("refuses what is no weights file", async () => {
    for (const [name, bytes] of Object.entries({ empty: "", text: "not weights at all", zip: "" })) {
      const path = join(folder, name);
      writeFileSync(path, name === "zip" ? zipSync({ "a.txt": Buffer.from("hello") }) : bytes);
      await expect(openWeights(path, network)).rejects.toMatchObject({ code: "weights-invalid" });
    }
    await expect(openWeights(join(folder, "absent.pth"), network)).rejects.toThrow(/no such file/);
  });

  it.skipIf(!existsSync(importers)).each(["pth-zip", "pth-legacy"])("reads the real files in %s", async (kind) => {
    const counts = new Map<string, number>();
    for (const name of readdirSync(join(importers, kind))) {
      const { tensors } = await openWeights(join(importers, kind, name), network);
      counts.set(name, tensors.size);
      for (const { values } of tensors.values()) expect(values.every(Number.isFinite)).toBe(true);
    }
    if (kind === "pth-zip") expect(counts.get("featherface_mobilenet0.25_Final.pth")).toBe(437);
    else expect([...counts.values()].every((count) => count > 100)).toBe(true);
  });
});
