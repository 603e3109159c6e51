// PostgreSQL refuses to run as root. There it runs as a system user of its own, which has to reach its programs and its data.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { LockstepError } from "../../errors.ts";

/** Who runs the server: null means we ourselves. */
export type ServerUser = { readonly name: string; readonly uid: number; readonly gid: number } | null;

const OWN_USER = "lockstep-postgres";

/** @returns the user to run as, made if needed; null unless we are root */
export function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return null;
  const user = findUser(OWN_USER) ?? createUser() ?? findUser("postgres") ?? findUser("nobody");
  if (user !== null) return user;
  throw new LockstepError({
    code: "database",
    message: `PostgreSQL does not run as root, and a system user "${OWN_USER}" for it could not be made.`,
    next: `Make one (useradd --system ${OWN_USER}), run exp as another user, or set DATABASE_URL.`,
  });
}

/** What spawn needs to become that user. */
export function asUser(user: ServerUser): { uid?: number; gid?: number } {
  return user === null ? {} : { uid: user.uid, gid: user.gid };
}

/** Whether that user may write into a folder, whatever stands above it: asked of the system itself. */
export function canWrite(user: ServerUser, folder: string): boolean {
  const check = spawnSync("/bin/sh", ["-c", 'test -w "$1" && test -x "$1"', "sh", folder], {
    ...asUser(user),
    cwd: "/",
  });
  return check.status === 0;
}

/** Whether that user may run a program. */
export function canRun(user: ServerUser, program: string): boolean {
  return spawnSync(program, ["--version"], { ...asUser(user), cwd: "/" }).status === 0;
}

function findUser(name: string): ServerUser {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  if (line === undefined) return null;
  const [, , uid, gid] = line.split(":");
  return { name, uid: Number(uid), gid: Number(gid) };
}

function createUser(): ServerUser {
  const flags = ["--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"];
  spawnSync("useradd", [...flags, "--user-group", OWN_USER], { cwd: "/" }); // fails where another process just made it
  return findUser(OWN_USER);
}
