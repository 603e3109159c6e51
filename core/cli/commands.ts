// Every command, in the order of `exp --help`. A command's file is loaded when the command is called: start-up stays short.
import type { Command } from "commander";

type Register = (program: Command) => void;

const marks = async () => (await import("./marks.ts")).registerMarkCommands;

const loaders: Readonly<Record<string, () => Promise<Register>>> = {
  run: async () => (await import("./run.ts")).registerRunCommand,
  resume: async () => (await import("./resume.ts")).registerResumeCommand,
  reproduce: async () => (await import("./reproduce.ts")).registerReproduceCommand,
  verify: async () => (await import("./verify.ts")).registerVerifyCommand,
  user: async () => (await import("./user.ts")).registerUserCommands,
  stop: async () => (await import("./stop.ts")).registerStopCommand,
  evaluate: async () => (await import("./evaluate.ts")).registerEvaluateCommand,
  predict: async () => (await import("./predict.ts")).registerPredictCommand,
  explain: async () => (await import("./explain.ts")).registerExplainCommand,
  serve: async () => (await import("./serve.ts")).registerServeCommand,
  bundle: async () => (await import("./bundle.ts")).registerBundleCommand,
  runs: async () => (await import("./runs.ts")).registerRunsCommands,
  show: async () => (await import("./show.ts")).registerShowCommands,
  compare: async () => (await import("./compare.ts")).registerCompareCommand,
  report: async () => (await import("./report.ts")).registerReportCommand,
  tag: marks,
  note: marks,
  name: marks,
  alias: marks,
  archive: marks,
  delete: marks,
  gc: async () => (await import("./gc.ts")).registerGcCommand,
  sql: async () => (await import("./sql.ts")).registerSqlCommands,
  dashboard: async () => (await import("./dashboard.ts")).registerDashboardCommand,
  tracker: async () => (await import("./tracker.ts")).registerTrackerCommand,
  data: async () => (await import("./data.ts")).registerDataCommands,
  export: async () => (await import("./export.ts")).registerExportCommand,
  import: async () => (await import("./import.ts")).registerImportCommand,
  model: async () => (await import("./model.ts")).registerModelCommands,
  weights: async () => (await import("./weights.ts")).registerWeightsCommands,
  engine: async () => (await import("./engine.ts")).registerEngineCommands,
  queue: async () => (await import("./queue.ts")).registerQueueCommands,
  worker: async () => (await import("./worker.ts")).registerWorkerCommand,
  doctor: async () => (await import("./doctor.ts")).registerDoctorCommand,
  db: async () => (await import("./db.ts")).registerDbCommands,
  spool: async () => (await import("./spool.ts")).registerSpoolCommands,
};

/** Adds the command that is called, or all of them where none is (--help, a mistyped name). */
export async function registerCommands(program: Command, called: string | undefined): Promise<void> {
  const loader = called === undefined ? undefined : loaders[called];
  for (const load of loader === undefined ? new Set(Object.values(loaders)) : [loader]) (await load())(program);
}
