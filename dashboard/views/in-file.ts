// Whether a view is drawn into a file of its own, where no link leads anywhere and no script runs; false on the pages.
import { createContext } from "hono/jsx";

export const InFile = createContext(false);
