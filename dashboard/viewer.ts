// Who looks at a page, while it is made: views ask it whether to draw what changes something.
import { AsyncLocalStorage } from "node:async_hooks";
import { ownUser, type User } from "../core/store/users.ts";

const viewers = new AsyncLocalStorage<User>();

/** Everything within is made for this user. */
export function asViewer<T>(user: User, work: () => T): T {
  return viewers.run(user, work);
}

/** Outside of a request, and where nobody has to say who they are: whoever started this process. */
export function viewer(): User {
  return viewers.getStore() ?? { name: ownUser(), role: "write" };
}

export function mayChange(): boolean {
  return viewer().role === "write";
}
