// A thread that draws simulated images, one for each message, with the same bits as the main thread.
import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

register(); // hooks of the main thread do not reach here
const { drawPhantom } = await import("../phantom/draw.ts");

parentPort.on("message", (/** @type {{ label: number, i: number }} */ { label, i }) => {
  const pixels = drawPhantom(workerData, label, i);
  parentPort.postMessage({ i, pixels }, [pixels.buffer]);
});
