// Named users of the dashboard, each with a token of which only the digest is stored; and who somebody is at this machine's terminal.
import { createHash, randomBytes } from "node:crypto";
import { userInfo } from "node:os";
import { LockstepError } from "../errors.ts";
import type { Store } from "./connect.ts";

export type Role = "read" | "write";

export interface User {
  readonly name: string;
  readonly role: Role;
}

export interface ListedUser extends User {
  readonly createdAt: Date;
  readonly lastSeenAt: Date | null;
}

type Database = Pick<Store, "sql">;

/** EXP_USER, or the name that the operating system knows. */
export function ownUser(): string {
  const given = process.env["EXP_USER"]?.trim();
  if (given) return given;
  try {
    return userInfo().username;
  } catch {
    return "unknown"; // a container's user without a name
  }
}

/** @returns the token, which nobody can read again @throws LockstepError "usage" where the name is taken or no name */
export async function addUser({ sql }: Database, { name, role }: User): Promise<string> {
  if (!/^[\p{L}\p{N}._@-]{1,100}$/u.test(name))
    throw usage(`"${name}" is no user name`, "Use letters, digits, dot, @, - and _, at most 100 of them.");
  const token = newToken();
  const { count } = await sql`
    insert into users (name, role, token_sha256) values (${name}, ${role}, ${digestOf(token)}) on conflict (name) do nothing`;
  if (count === 0) throw usage(`there is a user ${name} already`, `exp user rotate ${name} gives it another token.`);
  return token;
}

/** The token before ends at once. @returns the new one @throws LockstepError "usage" where there is no such user */
export async function rotateToken({ sql }: Database, name: string): Promise<string> {
  const token = newToken();
  const { count } = await sql`update users set token_sha256 = ${digestOf(token)} where name = ${name}`;
  if (count === 0) throw unknownUser(name);
  return token;
}

export async function listUsers({ sql }: Database): Promise<ListedUser[]> {
  return sql<ListedUser[]>`
    select name, role, created_at as "createdAt", last_seen_at as "lastSeenAt" from users order by name`;
}

/** @throws LockstepError "usage" where there is no such user */
export async function removeUser({ sql }: Database, name: string): Promise<void> {
  const { count } = await sql`delete from users where name = ${name}`;
  if (count === 0) throw unknownUser(name);
}

/** Null: nobody has it. */
export async function findUser({ sql }: Database, token: string): Promise<User | null> {
  const [user] = await sql<User[]>`select name, role from users where token_sha256 = ${digestOf(token)}`;
  if (user === undefined) return null;
  await sql`update users set last_seen_at = now()
    where name = ${user.name} and (last_seen_at is null or last_seen_at < now() - interval '1 minute')`;
  return user;
}

/** Who said something of runs. @param what "tagged baseline" */
export async function noteChange(
  { sql }: Database,
  runIds: readonly string[],
  what: string,
  userName = ownUser(),
): Promise<void> {
  await sql`insert into run_changes (run_id, user_name, what)
    select u.id, ${userName}, ${what.slice(0, 500)} from unnest(${[...runIds]}::uuid[]) as u(id)`;
}

function newToken(): string {
  return randomBytes(24).toString("hex");
}

function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function unknownUser(name: string): LockstepError {
  return usage(`there is no user ${name}`, "exp user list names them.");
}

function usage(message: string, next: string): LockstepError {
  return new LockstepError({ code: "usage", message: `exp user: ${message}.`, next });
}
