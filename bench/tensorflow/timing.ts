// What all contenders do alike: batch 32 of random pixels, two classes, two steps to warm up, then ten that count, or three of large images.

export const BATCH_SIZE = 32;
export const CLASSES = 2;
const WARM_UP = 2;
const COUNTED = 10;
/** At 224 px a step takes seconds. */
const COUNTED_LARGE = 3;
const LARGE_PX = 160;

/** Command line of a contender: image size, what trains, threads. */
export function readArguments(): { sizePx: number; mode: "full" | "frozen"; threads: number } {
  const [sizePx = "96", mode = "full", threads = "2"] = process.argv.slice(2);
  return { sizePx: Number(sizePx), mode: mode === "frozen" ? "frozen" : "full", threads: Number(threads) };
}

/** Times steps and prints the speeds as JSON. @param step called with 1, 2, 3, … */
export async function timeSteps(step: (index: number) => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  const counted = readArguments().sizePx > LARGE_PX ? COUNTED_LARGE : COUNTED;
  for (let index = 1; index <= WARM_UP + counted; index++) {
    const startMs = performance.now();
    await step(index);
    if (index > WARM_UP) times.push(performance.now() - startMs);
  }
  times.sort((a, b) => a - b);
  const speed = (ms: number | undefined) => (1000 * BATCH_SIZE) / (ms ?? NaN);
  process.stdout.write(`${JSON.stringify({ median: speed(times[times.length >> 1]), best: speed(times[0]) })}\n`);
}
