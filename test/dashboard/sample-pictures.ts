// Small real pictures for the sample rows: a WebP thumbnail for each val and test sample, a contact sheet for each run.
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Sql } from "postgres";
import sharp, { type Sharp } from "sharp";
import { stream } from "../../core/random.ts";

export interface PictureInput {
  readonly home: string;
  readonly dataset: string;
  readonly ids: readonly string[];
  readonly labels: readonly number[];
  readonly parts: readonly string[];
  readonly runs: readonly string[];
}

const SIDE = 64;

export async function sampleArtifacts(sql: Sql, input: PictureInput): Promise<void> {
  const thumbnails = await Promise.all(
    input.ids.flatMap((id, i) =>
      input.parts[i] === "train" ? [] : [thumbnail(input, id, input.labels[i] as number, i)],
    ),
  );
  const sheet = await contactSheet(input.home);
  await sql`insert into artifacts ${sql([
    ...thumbnails,
    ...input.runs.map((run) => ({ ...sheet, artifact_id: sha256(run + sheet.sha256), run_id: run })),
    ...input.runs.map((run) => overlayOf(run, thumbnails.at(-1) as Thumbnail)),
  ])}`;
}

async function thumbnail({ home, dataset }: PictureInput, id: string, label: number, index: number) {
  const file = await write(home, `thumbnails/${index}.webp`, await drawLesion(label, index).webp().toBuffer());
  return {
    artifact_id: sha256(`${dataset}/${id}`),
    run_id: null,
    dataset_digest: dataset,
    sample_id: id,
    kind: "thumbnail",
    name: id,
    media_type: "image/webp",
    epoch: null,
    ...file,
  };
}

/** Of where the network looked: the file of the sample's thumbnail stands in for it. */
function overlayOf(run: string, thumbnail: Thumbnail) {
  const owner = { run_id: run, dataset_digest: null, sample_id: null };
  return { ...thumbnail, ...owner, artifact_id: sha256(`grad-cam/${run}`), kind: "grad-cam" };
}

type Thumbnail = Awaited<ReturnType<typeof thumbnail>>;

async function contactSheet(home: string) {
  const tiles = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      drawLesion(i % 2, 1000 + i)
        .png()
        .toBuffer(),
    ),
  );
  const png = await sharp({ create: { width: 6 * SIDE, height: 2 * SIDE, channels: 3, background: "black" } })
    .composite(
      tiles.map((tile: Buffer, i: number) => ({ input: tile, left: (i % 6) * SIDE, top: Math.floor(i / 6) * SIDE })),
    )
    .png()
    .toBuffer();
  const file = await write(home, "artifacts/contact-sheet.png", png);
  return {
    dataset_digest: null,
    sample_id: null,
    kind: "contact-sheet",
    name: "contact-sheet.png",
    media_type: "image/png",
    epoch: null,
    ...file,
  };
}

/** Speckle with a dark ellipse: wide for benign, tall for malignant. */
function drawLesion(label: number, index: number): Sharp {
  const draws = stream(0, "sample-picture", index);
  const pixels = Buffer.alloc(SIDE * SIDE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const [a, b] = label === 0 ? [20, 11] : [11, 19];
      const inside = ((x - 32) / a) ** 2 + ((y - 30) / b) ** 2 < 1 + 0.12 * draws.normal();
      pixels[y * SIDE + x] = Math.min(255, (inside ? 30 : 105) * Math.hypot(draws.normal(), draws.normal()));
    }
  }
  return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 1 } });
}

async function write(home: string, path: string, content: Buffer) {
  const file = join(home, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return { path, sha256: sha256(content), bytes: content.length };
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
