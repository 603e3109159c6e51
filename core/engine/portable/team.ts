// A team of worker threads that all get the same request and each answer it. The main thread posts and awaits, nothing else.
// An idle team does not keep the process alive; a worker that dies fails every open request and all later ones.
import { Worker } from "node:worker_threads";
import { LockstepError } from "../../errors.ts";

/** What a worker posts: first `ready`, then one answer to each request. */
type FromWorker<Answer> =
  | { readonly kind: "ready"; readonly about: unknown }
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };

interface Open<Answer> {
  readonly answers: Answer[];
  readonly resolve: (answers: Answer[]) => void;
  readonly reject: (error: Error) => void;
}

export class Team<Answer> {
  /** Called when a worker died or failed in the middle of a request: others that wait for it must be told to stop. */
  onFailure: () => void = () => {};
  /** What each worker said about itself when it was ready. */
  readonly about: unknown[] = [];
  private readonly workers: Worker[];
  private readonly open = new Map<number, Open<Answer>>();
  private nextId = 0;
  private failure: LockstepError | null = null;
  private closing = false;

  private constructor(file: URL, size: number, workerData: object) {
    this.workers = Array.from(
      { length: size },
      (_, thread) => new Worker(file, { workerData: { ...workerData, thread, threads: size } }),
    );
  }

  /** Starts the workers and waits until all are ready. @param file an .mjs module that answers as FromWorker */
  static async start<Answer>(file: URL, size: number, workerData: object): Promise<Team<Answer>> {
    const team = new Team<Answer>(file, size, workerData);
    await Promise.all(team.workers.map((worker, thread) => team.listen(worker, thread)));
    return team;
  }

  /** Posts the request to every worker. @returns one answer of each, in no particular order */
  request(message: object): Promise<Answer[]> {
    if (this.failure !== null) return Promise.reject(this.failure);
    if (this.closing) return Promise.reject(closed());
    const id = this.nextId++;
    return new Promise<Answer[]>((resolve, reject) => {
      if (this.open.size === 0) for (const worker of this.workers) worker.ref();
      this.open.set(id, { answers: [], resolve, reject });
      for (const worker of this.workers) worker.postMessage({ id, ...message });
    });
  }

  /** Stops the workers; open requests fail. */
  async close(): Promise<void> {
    this.closing = true;
    this.failAll(closed());
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private listen(worker: Worker, thread: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown): void => {
        this.fail(cause);
        reject(this.failure ?? closed());
      };
      worker.on("error", fail);
      worker.on("exit", (code) => fail(new Error(`worker thread ended with code ${code}`)));
      worker.on("message", (message: FromWorker<Answer>) => {
        if (message.kind === "ready") {
          this.about[thread] = message.about;
          worker.unref();
          resolve();
        } else this.settle(message);
      });
    });
  }

  private settle(message: Exclude<FromWorker<Answer>, { kind: "ready" }>): void {
    const open = this.open.get(message.id);
    if (open === undefined) return; // it failed by another worker's answer
    if (message.kind === "answer" && open.answers.push(message.answer) < this.workers.length) return;
    this.open.delete(message.id);
    if (this.open.size === 0) for (const worker of this.workers) worker.unref();
    if (message.kind === "answer") open.resolve(open.answers);
    else {
      this.onFailure();
      open.reject(new LockstepError({ code: "engine-failed", message: message.message }));
    }
  }

  private fail(cause: unknown): void {
    if (this.closing || this.failure !== null) return;
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `engine portable: a worker thread stopped: ${why}`;
    this.failure = new LockstepError({
      code: "engine-failed",
      message,
      next: "Run it again; exp resume continues a run.",
      cause,
    });
    this.onFailure();
    this.failAll(this.failure);
    for (const worker of this.workers) void worker.terminate();
  }

  private failAll(error: LockstepError): void {
    for (const open of this.open.values()) open.reject(error);
    this.open.clear();
  }
}

function closed(): LockstepError {
  return new LockstepError({ code: "engine-failed", message: "engine portable: it was closed before this was done" });
}
