import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { zipSync } from "fflate";
import { stream } from "../../../core/random.ts";
import { readTorchFile } from "../../../core/model/weights/torch-file.ts";
import { openWeights } from "../../../core/model/weights/weights-file.ts";
import { differingNames, makeNetwork, unpack } from "./golden-files.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-weights-"));
const network = makeNetwork({ widthMult: 0.25 });
const storedZip = (files: Record<string, Uint8Array>) => zipSync(files, { level: 0 });
const importers = "../shared/data/importers";

describe("PyTorch files", () => {
  it.each(["large-zip.pth", "large-legacy.pth", "large-wrapped.pth"])(
    "%s gives every array, bit for bit",
    async (name) => {
      const { tensors } = await openWeights(unpack(name, folder), network);
      expect(tensors.size).toBe(312); // with 46 num_batches_tracked
      expect(differingNames(network, (key) => tensors.get(key)?.values)).toEqual([]);
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
    const zip = storedZip({ "archive/data.pkl": pickle, "archive/version": Buffer.from("3\n") });
    expect(() => readTorchFile(zip, "evil.pth")).toThrow(/refused: its pickle names posix.system/);
    const legacy = Buffer.concat([readFileSync(unpack("large-legacy.pth", folder)).subarray(0, 15), pickle]);
    expect(() => readTorchFile(legacy, "evil.pth")).toThrow(/refused: its pickle names posix.system/);
    expect(existsSync(witness)).toBe(false);
  });

  it("refuses a whole pickled model and says how to save one", () => {
    const pickle = Buffer.from("\x80\x02ctorchvision.models.mobilenetv3\nMobileNetV3\n)\x81.", "latin1");
    const zip = storedZip({ "archive/data.pkl": pickle });
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

  it("notices one changed bit in a storage of a zip file, by its checksum", async () => {
    const path = unpack("large-zip.pth", folder);
    const bytes = readFileSync(path);
    const at = Math.floor(bytes.length * 0.8); // in the classifier
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(path, bytes);
    await expect(openWeights(path, network)).rejects.toThrow(/damaged: its entry .* does not have its checksum/);
  });

  it("refuses compressed entries, so that a small file cannot fill the memory", () => {
    const bomb = zipSync({ "archive/data.pkl": new Uint8Array(1e6) });
    expect(() => readTorchFile(bomb, "bomb.pth")).toThrow(/compressed/);
  });

  it("answers every damage with an error of its own", async () => {
    const random = stream(0, "damage");
    for (const name of ["large-zip.pth", "large-legacy.pth", "large-half.safetensors"]) {
      const whole = readFileSync(unpack(name, folder));
      for (let attempt = 0; attempt < 40; attempt++) {
        const bytes = Uint8Array.from(whole.subarray(0, name.includes("zip") ? whole.length : 60_000));
        for (let i = 0; i < 3; i++) bytes[random.integer(Math.min(bytes.length, 20_000))] = random.integer(256);
        const path = join(folder, `damaged-${name}`);
        writeFileSync(path, bytes);
        const error: unknown = await openWeights(path, network).then(
          () => null,
          (reason: unknown) => reason,
        );
        if (error !== null) expect(error).toMatchObject({ code: "weights-invalid" });
      }
    }
  });

  it("refuses what is no weights file", async () => {
    for (const [name, bytes] of Object.entries({ empty: "", text: "not weights at all", zip: "" })) {
      const path = join(folder, name);
      writeFileSync(path, name === "zip" ? storedZip({ "a.txt": Buffer.from("hello") }) : bytes);
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
