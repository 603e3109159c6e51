// A thread that draws simulated images, one for each message, with the same bits as the main thread.
import { parentPort, workerData } from "node:worker_threads";
import { compiledEntries } from "../../compiled/entries.mjs";

const { core } = await compiledEntries();
const { drawPhantom } = await import(new URL("data/phantom/draw.js", core).href);

parentPort.on("message", (/** @type {{ label: number, i: number }} */ { label, i }) => {
  const pixels = drawPhantom(workerData, label, i);
  parentPort.postMessage({ i, pixels }, [pixels.buffer]);
});
