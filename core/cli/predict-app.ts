// What `exp serve` answers: POST an image, get its class and probabilities, the same as `exp predict` says. One image at a time is
// computed; more wait their turn, up to a limit.
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { checkHost, checkToken, contentPolicy } from "../../dashboard/security.ts";
import { BadImage, decodeNamed } from "../data/index.ts";
import { saidClass, type Predictor } from "../run/predictor.ts";

export interface PredictAppOptions {
  readonly predictor: Predictor;
  /** Null: the most probable class is said. */
  readonly threshold: number | null;
  /** Of a request's body. */
  readonly maxBytes: number;
  /** Host name it is reached by besides loopback's; null: those alone. */
  readonly host: string | null;
  /** Asked of whoever sends an image; null: nobody is asked. */
  readonly token: string | null;
}

/** Requests that may wait while one is computed; further ones are told to come again. */
const MOST_WAITING = 32;

/** By the media type that a client gives; what the bytes are is checked against it. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  "image/png": ".png",
  "image/jpeg": ".jpg",
  "image/webp": ".webp",
  "image/tiff": ".tif",
  "image/bmp": ".bmp",
};

export function createPredictApp({ predictor, threshold, maxBytes, host, token }: PredictAppOptions): Hono {
  const { run, classes, positiveClass, imageSizePx } = predictor;
  const about = { run: run.runId, experiment: run.experiment, variant: run.variant, seed: run.seed };
  const tooLarge = (c: Context) => fail(c, 413, `the image is larger than ${maxBytes} bytes`, "Send a smaller one.");
  let queue: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  /** One after another. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    waiting++;
    const result = queue.then(work).finally(() => waiting--);
    queue = result.catch(() => undefined);
    return result;
  }

  return new Hono()
    .use(checkHost(host), contentPolicy())
    .get("/health", (c) => c.json({ ok: true, waiting }))
    .use(checkToken(token))
    .get("/", (c) => c.json({ ...about, digest: run.digest, classes, positiveClass, imageSizePx, threshold, maxBytes }))
    .post("/predict", bodyLimit({ maxSize: maxBytes, onError: tooLarge }), async (c) => {
      if (waiting >= MOST_WAITING) return fail(c, 503, `${waiting} images wait already`, "Send it again in a second.");
      const given = await imageIn(c);
      if (given === null) return fail(c, 415, "no image in the request", ACCEPTED);
      try {
        const image = await decodeNamed(given.bytes, given.name);
        const [prediction] = await inTurn(() => predictor.predict([image]));
        if (prediction === undefined) throw new Error("no prediction");
        const probabilities = Object.fromEntries(classes.map((name, i) => [name, prediction.probabilities[i]]));
        return c.json({
          ...about,
          class: classes[saidClass(predictor, prediction, threshold)],
          probabilities,
          threshold,
        });
      } catch (error) {
        if (error instanceof BadImage) return fail(c, 422, error.message, "Send another image.");
        throw error;
      }
    })
    .notFound((c) =>
      fail(c, 404, `nothing is at ${c.req.path}`, "POST /predict takes an image, GET / tells what is served."),
    )
    .onError((error, c) => fail(c, 500, error.message, "This is a fault of ours; the server's own output says more."));
}

const ACCEPTED =
  'Send the file as the body with its content-type (image/png, image/jpeg, image/webp, image/tiff, image/bmp), or as the field "image" of a form.';

async function imageIn(c: Context): Promise<{ bytes: Buffer; name: string } | null> {
  const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "multipart/form-data") {
    const field = (await c.req.parseBody())["image"];
    return field instanceof File ? { bytes: Buffer.from(await field.arrayBuffer()), name: field.name } : null;
  }
  const extension = EXTENSIONS[type];
  return extension === undefined ? null : { bytes: Buffer.from(await c.req.arrayBuffer()), name: `image${extension}` };
}

function fail(c: Context, status: 404 | 413 | 415 | 422 | 500 | 503, message: string, next: string): Response {
  return c.json({ error: { message, next } }, status);
}
