// Sockets for postgres.js. A server that accepts a connection and closes it without a word (a proxy whose database is away, another
// program's port) would keep postgres.js reconnecting for ever; here every second such attempt fails instead.
import net from "node:net";

interface Address {
  readonly host: readonly string[];
  readonly port: readonly number[];
  /** Of a Unix-domain socket. */
  readonly path?: string | false;
}

/** How PostgreSQL begins to speak: authentication, an error, or whether it speaks TLS (S, N). Of anything else nothing can come. */
const FIRST_BYTES = new Set(Buffer.from("RESN"));

/** For the option `socket` of postgres.js; it reports a socket that fails later as it does its own. */
export function socketFactory(): (address: Address) => net.Socket {
  let closedSilently = false;
  return ({ host, port, path }) => {
    if (closedSilently) {
      closedSilently = false;
      return new net.Socket(); // never connected: the first write fails with ERR_SOCKET_CLOSED
    }
    const socket = path ? net.connect(path) : net.connect(port[0]!, host[0]);
    let heard = false;
    socket.once("data", (bytes: Buffer) => (heard = FIRST_BYTES.has(bytes[0]!)));
    socket.once("error", () => (heard = true)); // reported as what it is
    socket.once("close", () => (closedSilently = !heard));
    return socket;
  };
}
