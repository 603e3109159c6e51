// Runs asynchronous work on many items, a few at a time, results in the order of the items.

/** Enough for sharp's threads to be busy while others wait for the disk. */
const AT_A_TIME = 8;
/** The event loop gets its turn (signals, progress) after so many items that never waited. */
const BREATHE_EVERY = 16;

/** @param progress called after each item */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
  progress: (done: number, total: number) => void = () => {},
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  let done = 0;
  const run = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index] as Item, index);
      } catch (error) {
        next = items.length; // nothing further is begun
        throw error;
      }
      progress(++done, items.length);
      if (done % BREATHE_EVERY === 0) await new Promise((resume) => setImmediate(resume));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, items.length) }, run));
  return results;
}
