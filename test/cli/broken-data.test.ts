// Each kind of broken image through the real `exp run`, as a user who may not read everything: one report that names them all, and
// under onBadImage "skip" a run that goes on and keeps the list.
import { chmodSync, chownSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { noisePixels, picture, writeClassFolders, writeFiles } from "../data/fixtures.ts";
import { jsonLines, makeHome, type Home } from "./exp-process.ts";
import { TINY_SETTINGS, tinyExperiment } from "./tiny-experiment.ts";

vi.setConfig({ testTimeout: 180_000 });

const NOBODY = 65_534;
const root = process.getuid?.() === 0;
/** Who runs it: as root there is no file that may not be read. */
const how = root ? { uid: NOBODY } : {};

/** Every image that something is wrong with, and what. */
const BROKEN: Readonly<Record<string, RegExp>> = {
  "a/animated.gif": /^animated or with several pages \(2\)/,
  "a/bomb.png": /^10001 x 10000 pixels; at most 100 million/,
  "a/extension.png": /^named \.png, but its bytes are jpeg/,
  "a/folder.png": /^a folder, not a file/,
  "a/one.png": /^1 x 1 pixels; each side must have at least 8/,
  "a/text.png": /^not an image: text/,
  "a/truncated.jpg": /^cannot be decoded: truncated/,
  "a/unreadable.png": /^this user may not read it/,
  "a/wide.png": /^20000 x 16 pixels; no side may have more than 16384/,
  "a/zero.png": /^empty: 0 bytes/,
};
const VANISHES = "a/vanishes.png";
const SAME_NAME = { "a/scan.png": /same name as b\/scan\.png/, "b/scan.png": /same name as a\/scan\.png/ };

let home: Home;
beforeAll(async () => {
  home = makeHome();
  await writeBroken(join(home.folder, "images"));
  if (root) chownSync(home.folder, NOBODY, NOBODY);
  const more = { data: { kind: "folder", path: "images", group: null }, positiveClass: "b" };
  const skip = { ...more, onBadImage: "skip", base: { ...TINY_SETTINGS, epochs: 1 } };
  home.write("stop.ts", tinyExperiment(more));
  home.write("skip.ts", vanishing(tinyExperiment({ ...skip, name: "skip" }), join(home.folder, "images", VANISHES)));
});
afterAll(() => home.remove());

async function writeBroken(images: string): Promise<void> {
  await writeClassFolders(images, { a: 12, b: 12 });
  const raw = { width: 64, height: 64, channels: 3 } as const;
  const jpeg = await sharp(noisePixels(1, 64, 64), { raw })
    .jpeg()
    .toBuffer();
  const blank = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: "black" }, limitInputPixels: false })
      .png()
      .toBuffer();
  const frames = { width: 16, height: 32, channels: 3, pageHeight: 16 } as const;
  await writeFiles(images, {
    "a/animated.gif": await sharp(noisePixels(2, 16, 32), { raw: frames })
      .gif()
      .toBuffer(),
    "a/bomb.png": await blank(10_001, 10_000),
    "a/extension.png": jpeg,
    "a/one.png": await blank(1, 1),
    "a/text.png": "This is a text.\n",
    "a/truncated.jpg": jpeg.subarray(0, jpeg.length / 2),
    "a/unreadable.png": await picture("unreadable"),
    "a/wide.png": await blank(20_000, 16),
    "a/zero.png": "",
    "a/scan.png": await picture("scan a"),
    "b/scan.png": await picture("scan b"),
    [VANISHES]: await picture("vanishes"),
  });
  mkdirSync(join(images, "a/folder.png"));
  if (root) chownSync(join(images, "a"), NOBODY, NOBODY);
  chmodSync(join(images, "a/unreadable.png"), root ? 0o600 : 0o000);
}

/** The experiment file itself removes the image when it sees that the images, which are listed by then, are prepared. */
function vanishing(experiment: string, path: string): string {
  return `import { rmSync } from "node:fs";
const write = process.stderr.write.bind(process.stderr);
process.stderr.write = (text, ...rest) => {
  if (String(text).includes("preparing the images")) rmSync(${JSON.stringify(path)}, { force: true });
  return write(text, ...rest);
};
${experiment}`;
}

it("all broken images are named with their reasons in one report, and nothing is stored", async () => {
  const { code, stderr } = await home.exp(["run", "stop.ts", "--no-dashboard"], {}, how);
  expect(code, stderr).toBe(1);
  expect(stderr).toMatch(/data images: 10 images cannot be used:/);
  expect(stderr).toMatch(/onBadImage: "skip"/);
  for (const [id, reason] of Object.entries({ ...BROKEN, ...SAME_NAME })) {
    const line = stderr.split("\n").find((one) => one.startsWith(`  ${id}: `)) ?? "";
    expect(line.slice(id.length + 4), id).toMatch(reason);
  }
});

it('with onBadImage "skip" the run goes on without them and keeps the list: exp show, SQL', async () => {
  const { code, stdout, stderr } = await home.exp(["run", "skip.ts", "--json", "--no-dashboard"], {}, how);
  expect(code, stderr).toBe(0);
  expect(existsSync(join(home.folder, "images", VANISHES))).toBe(false);
  expect(stderr).toMatch(/11 images were left out:\n {2}a\/animated\.gif: /);
  expect(jsonLines(stdout).at(-1)?.["runs"]).toMatchObject([{ status: "done" }]);

  const wrong: Readonly<Record<string, RegExp>> = { ...BROKEN, [VANISHES]: /^no such file/, ...SAME_NAME };
  const rows = await home.exp(["sql", "select * from v_bad_images", "--json"], {}, how);
  const stored = jsonLines(rows.stdout) as { sample_id: string; reason: string; used: boolean }[];
  expect(stored.map(({ sample_id }) => sample_id).sort()).toEqual(Object.keys(wrong).sort());
  for (const { sample_id, reason, used } of stored) {
    expect(reason, sample_id).toMatch(wrong[sample_id]!);
    expect(used, sample_id).toBe(sample_id in SAME_NAME);
  }
  const shown = await home.exp(["show", "skip/base/0"], {}, how);
  for (const id of Object.keys(wrong)) expect(shown.stdout).toContain(id);
  expect(shown.stdout).toMatch(/a\/vanishes\.png.*left out.*no such file/);
  const samples = await home.exp(["sql", "select samples from datasets", "--json"], {}, how);
  expect(jsonLines(samples.stdout)).toEqual([{ samples: 26 }]);
});
