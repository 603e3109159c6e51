// Commands that train end within two seconds of a Ctrl-C, whatever they are at: the work has that long to end by itself.
import { listenForInterrupt, orAbort, type Interrupt } from "../run/interrupt.ts";

const GRACE_MS = 1800;

/** Exits with 130 where the work was interrupted. @param cleanUp the display; called before the process ends in any way */
export async function interruptible<T>(work: (interrupt: Interrupt) => Promise<T>, cleanUp: () => void): Promise<T> {
  const interrupt = listenForInterrupt();
  try {
    return await orAbort(work(interrupt), interrupt.signal, GRACE_MS);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    cleanUp();
    process.exit(130); // what is still going on (an image being decoded, a step) is not waited for
  } finally {
    cleanUp();
    interrupt.dispose();
  }
}
