// Rows into a table by COPY, the way that costs a server least. postgres.js gives a stream that never hears of what the server refuses at
// a COPY's end: that error goes to the query, whose promise was settled when the stream was there. Here it is heard.
import { finished } from "node:stream/promises";
import type { PendingQuery, Row } from "postgres";

interface Refusable {
  reject: (error: Error) => void;
}

/**
 * @param query a "copy … from stdin" of a transaction, not sent yet
 * @throws what the server refused the rows for
 */
export async function copyIn(
  query: PendingQuery<Row[]>,
  parts: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<void> {
  const refused = refusalOf(query as unknown as Refusable);
  const stream = await query.writable();
  stream.on("error", () => undefined); // is `refused`
  try {
    for await (const part of parts) {
      await new Promise<void>((done) => stream.write(part, () => done()));
      if (stream.destroyed) return await refused;
    }
  } catch (error) {
    stream.destroy(error as Error); // tells the server to forget the rows
    throw error;
  }
  stream.end();
  await Promise.race([refused, finished(stream)]);
}

function refusalOf(query: Refusable): Promise<never> {
  const refused = new Promise<never>((_, reject) => {
    const settle = query.reject;
    query.reject = (error) => {
      settle(error);
      reject(error);
    };
  });
  refused.catch(() => undefined); // where nobody waits any more
  return refused;
}
