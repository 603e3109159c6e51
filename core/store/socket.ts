// Sockets for postgres.js, with TLS where it is asked for. A server that accepts a connection and closes it without a word (a proxy
// whose database is away, another program's port) would keep postgres.js reconnecting for ever; here every second attempt fails instead.
import { once } from "node:events";
import net from "node:net";
import { Duplex } from "node:stream";
import tls from "node:tls";
import type { TlsWish } from "./address.ts";

export interface SocketAddress {
  readonly host: readonly string[];
  readonly port: readonly number[];
  /** Of a Unix-domain socket. */
  readonly path?: string | false;
}

/** How PostgreSQL begins to speak: authentication, an error, or whether it speaks TLS (S, N). Of anything else nothing can come. */
const FIRST_BYTES = new Set(Buffer.from("RESN"));
/** Asks whether the server speaks TLS: length 8, code 80877103. */
const TLS_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const TLS_TIMEOUT_MS = 5000;

/** For the option `socket` of postgres.js; it reports a socket that fails later as it does its own. */
export function socketFactory(wish: TlsWish | null): (address: SocketAddress) => Duplex | Promise<Duplex> {
  return wish === null ? plainSockets() : (address) => tlsSocket(address, wish).catch(failingSocket);
}

function open({ host, port, path }: SocketAddress): net.Socket {
  return path ? net.connect(path) : net.connect(port[0]!, host[0]);
}

function plainSockets(): (address: SocketAddress) => Duplex {
  let closedSilently = false;
  return (address) => {
    if (closedSilently) {
      closedSilently = false;
      return new net.Socket(); // never connected: the first write fails with ERR_SOCKET_CLOSED
    }
    const socket = open(address);
    let heard = false;
    socket.once("data", (bytes: Buffer) => (heard = FIRST_BYTES.has(bytes[0]!)));
    socket.once("error", () => (heard = true)); // reported as what it is
    socket.once("close", () => (closedSilently = !heard));
    return socket;
  };
}

async function tlsSocket(address: SocketAddress, { required, options }: TlsWish): Promise<Duplex> {
  const socket = open(address);
  const signal = AbortSignal.timeout(TLS_TIMEOUT_MS);
  try {
    socket.write(TLS_REQUEST);
    const [answer] = (await Promise.race([
      once(socket, "data", { signal }),
      once(socket, "close", { signal }).then(() =>
        Promise.reject(failure("ERR_SOCKET_CLOSED", "it closed the connection")),
      ),
    ])) as [Buffer];
    if (answer[0] === 0x4e && !required) return socket;
    if (answer[0] !== 0x53) throw failure("NO_TLS", "the server offers no TLS");
    const secured = tls.connect({ socket, ...options });
    await once(secured, "secureConnect", { signal });
    return secured;
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? failure("CONNECT_TIMEOUT", "no answer") : error;
  }
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** Fails with its reason at the first write, and is then closed: what postgres.js takes for a connection that was lost. */
function failingSocket(reason: Error): Duplex {
  return new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done(reason) });
}
