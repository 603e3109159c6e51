// Which process on which machine does something, so that a dead one is told from a living one, a reused number included.
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Whether a process with this number lives here. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Names this process for good: machine, its boot and process space, number, start. */
export function ownProcess(): string {
  return `${machine()} ${process.pid} ${startOf(process.pid) ?? ""}`;
}

/** Whether the process of such a name lives; null: on another machine, which only its heartbeat can tell. */
export function processLives(name: string): boolean | null {
  const [place, pid, start] = name.split(" ");
  if (place !== machine()) return null;
  return isAlive(Number(pid)) && (start === "" || startOf(Number(pid)) === start);
}

function machine(): string {
  return [hostname(), read("/proc/sys/kernel/random/boot_id"), link("/proc/self/ns/pid")]
    .join(":")
    .replaceAll(" ", "_");
}

/** Start of a process in clock ticks since boot, field 22 of /proc/PID/stat; null where that is not known. */
function startOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat === "" ? null : (stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return ""; // not Linux
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // not Linux
  }
}
