import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import type { Tools } from "../../tools/build.ts";
import type { Certificate } from "../certificates.ts";
import { bcrypt } from "./bcrypt.ts";
import { send } from "./http.ts";
import { createScratch, freePort, Part, removeScratch } from "./part.ts";
import type { TokenServer } from "./token-server.ts";

/** One request as the registry itself logged it. */
export interface RegistryRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly status: number;
  readonly userAgent: string;
}

/** A real registry on 127.0.0.1 with its data in a scratch folder. */
export interface Registry {
  /** "127.0.0.1:21501": what an image reference starts with. */
  readonly host: string;
  /** "https://127.0.0.1:21501" */
  readonly url: string;
  /** All that it wrote, over all its starts. */
  log(): Promise<string>;
  /** Answered requests, oldest first, without those of the start's own readiness probe. */
  requests(): Promise<RegistryRequest[]>;
  /** Connections are refused from here on; port and data are kept. */
  stop(): Promise<void>;
  /** Comes back on the same port with the same data. */
  start(): Promise<void>;
  /** From when this has settled, connections are accepted and nothing is answered. */
  pause(): Promise<void>;
  resume(): void;
  /** Ends it for good and removes its data. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Names and passwords of the users. */
export type Users = Readonly<Record<string, string>>;

/** How a distribution registry tells its clients apart. */
export type RegistryAuth =
  | { readonly type: "none" }
  | { readonly type: "htpasswd"; readonly users: Users }
  | { readonly type: "token"; readonly server: TokenServer };

export interface DistributionOptions {
  readonly tools: Tools;
  /** Server certificate; absent: plain http. */
  readonly tls?: Certificate;
  /** Default none. */
  readonly auth?: RegistryAuth;
}

/** A distribution registry: no referrers API, so that referrers go by the fallback tag. */
export interface DistributionRegistry extends Registry {
  /** Replaces all users of an htpasswd registry at once, without a restart (it looks at the file's time for each request). */
  setUsers(users: Users): Promise<void>;
}

/** Starts CNCF distribution 3 (below 1 s, 41 MiB). */
export async function startDistribution(options: DistributionOptions): Promise<DistributionRegistry> {
  const scratch = createScratch("distribution");
  const port = await freePort();
  const htpasswd = join(scratch, "htpasswd");
  const setUsers = (users: Users): Promise<void> =>
    writeFile(
      htpasswd,
      Object.entries(users)
        .map(([user, password]) => `${user}:${bcrypt(password)}\n`)
        .join(""),
    );
  const auth = options.auth ?? { type: "none" };
  if (auth.type === "htpasswd") await setUsers(auth.users);
  const tls = options.tls && (await writeCertificate(scratch, options.tls));
  const configuration = {
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: false } },
    storage: { filesystem: { rootdirectory: join(scratch, "data") }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: "test", ...(tls && { tls: { certificate: tls.cert, key: tls.key } }) },
    ...(auth.type === "htpasswd" && { auth: { htpasswd: { realm: "test", path: htpasswd } } }),
    ...(auth.type === "token" && { auth: { token: await tokenConfiguration(scratch, auth.server) } }),
  };
  const file = join(scratch, "config.yml");
  await writeFile(file, JSON.stringify(configuration)); // JSON is YAML
  const registry = await run({
    ...{ name: "registry", command: options.tools.registry, args: ["serve", file], scratch, port, parse: parseDistribution },
    ...(options.tls && { tls: options.tls }),
  });
  return { ...registry, setUsers };
}

export interface OlaregOptions {
  readonly tools: Tools;
  /** Server certificate; absent: plain http. */
  readonly tls?: Certificate;
  /** Default true; false makes it a second registry without the referrers API. */
  readonly referrersApi?: boolean;
  /** Requests per second and client before it answers 429 with `Retry-After: 1`. Default: no limit. */
  readonly rateLimit?: number;
}

/** Starts olareg (0.1 s, 8 MiB): the referrers API, and no authentication. */
export async function startOlareg(options: OlaregOptions): Promise<Registry> {
  const scratch = createScratch("olareg");
  const port = await freePort();
  const tls = options.tls && (await writeCertificate(scratch, options.tls));
  const args = [
    ...[
      "serve",
      "--addr=127.0.0.1",
      `--port=${port}`,
      `--dir=${join(scratch, "data")}`,
      "--api-delete",
      "--gc-frequency=-1s",
      "--verbosity=trace",
    ],
    ...(tls ? [`--tls-cert=${tls.cert}`, `--tls-key=${tls.key}`] : []),
    ...(options.referrersApi === false ? ["--api-referrer=false"] : []),
    ...(options.rateLimit === undefined ? [] : [`--rate-limit=${options.rateLimit}`]),
  ];
  return run({
    ...{
      name: "olareg",
      command: options.tools.olareg,
      args,
      scratch,
      port,
      parse: parseOlareg,
      connectOnly: options.rateLimit !== undefined,
    },
    ...(options.tls && { tls: options.tls }),
  });
}

interface RunOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly scratch: string;
  readonly port: number;
  readonly tls?: Certificate;
  readonly parse: (line: string) => RegistryRequest | undefined;
  /** The readiness probe may not spend one of the few requests that a rate limit grants: it only connects. */
  readonly connectOnly?: boolean;
}

const probeAgent = "countersign-readiness-probe";

async function run({ name, command, args, scratch, port, tls, parse, connectOnly = false }: RunOptions): Promise<Registry> {
  const host = `127.0.0.1:${port}`;
  const url = `${tls === undefined ? "http" : "https"}://${host}`;
  const part = new Part({
    name,
    command,
    scratch,
    env: { OTEL_TRACES_EXPORTER: "none" }, // distribution would look for a collector
    // Whether it serves is the question, not whether its certificate is any good: tests start some with a bad one.
    isReady: async () => {
      if (connectOnly) return canConnect(port);
      return [200, 401].includes((await send(`${url}/v2/`, { headers: { "user-agent": probeAgent }, insecure: true })).status);
    },
  });
  const close = async (): Promise<void> => {
    await part.stop("SIGKILL");
    removeScratch(scratch);
  };
  try {
    await part.start(args);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    host,
    url,
    log: () => part.log(),
    requests: async () =>
      (await part.log())
        .split("\n")
        .flatMap((line) => parse(line) ?? [])
        .filter((request) => request.userAgent !== probeAgent),
    stop: () => part.stop(),
    start: () => part.start(args),
    pause: () => part.pause(),
    resume: () => part.resume(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  socket.destroy();
  return true;
}

async function writeCertificate(scratch: string, { pem, keyPem }: Certificate): Promise<{ readonly cert: string; readonly key: string }> {
  const [cert, key] = [join(scratch, "tls.crt"), join(scratch, "tls.key")];
  await writeFile(cert, pem);
  await writeFile(key, keyPem, { mode: 0o600 });
  return { cert, key };
}

async function tokenConfiguration(scratch: string, server: TokenServer): Promise<Readonly<Record<string, string>>> {
  const jwks = join(scratch, "jwks.json");
  await writeFile(jwks, JSON.stringify(server.jwks));
  return { realm: server.realm, service: server.service, issuer: server.issuer, jwks };
}

/** Combined log format: `127.0.0.1 - - [date] "GET /v2/ HTTP/1.1" 401 87 "" "agent"`. */
function parseDistribution(line: string): RegistryRequest | undefined {
  const match = /^\S+ \S+ \S+ \[[^\]]*\] "(\S+) (\S+) \S+" (\d{3}) \S+ "[^"]*" "([^"]*)"/.exec(line);
  if (match === null) return undefined;
  const [, method = "", url = "", status, userAgent = ""] = match;
  return { method, url, status: Number(status), userAgent };
}

/** olareg writes requests at its level trace only: `… method=GET url="/v2/…" status=200 req-headers="map[… User-Agent:[agent]]" …`. */
function parseOlareg(line: string): RegistryRequest | undefined {
  const match = /msg=ServeHTTP .*?method=(\S+) url=(?:"((?:[^"\\]|\\.)*)"|(\S+)) status=(\d{3})/.exec(line);
  if (match === null) return undefined;
  const [, method = "", quoted, bare = "", status] = match;
  return { method, url: quoted ?? bare, status: Number(status), userAgent: /User-Agent:\[([^\]]*)\]/.exec(line)?.[1] ?? "" };
}
