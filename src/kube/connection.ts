import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { raceSignal } from "../kernel/clock.ts";
import { KubeError } from "./kube-error.ts";
import { quotable, record, text } from "./status.ts";

/** Where the address of the API server and our identity come from. */
export interface KubeConfigSource {
  /** One kubeconfig, or several as in the variable KUBECONFIG. Absent: `~/.kube/config` if it is there, else the pod's own service account. */
  readonly kubeconfigPath?: string;
  /** The pod's own service account, whatever kubeconfig there may be. */
  readonly inCluster?: true;
  /** Default: the current-context. */
  readonly context?: string;
  /** Default: the context's, or the one that this pod runs in. */
  readonly namespace?: string;
  /** Where `/var/run/secrets/kubernetes.io/serviceaccount` is looked for; default the root. */
  readonly rootDirectory?: string;
}

/** What a request must carry to be let in. */
export interface Identity {
  readonly headers: Readonly<Record<string, string>>;
  /** TLS material, and the agent that keeps connections. */
  readonly options: Omit<RequestOptions, "headers">;
}

/** Whether a request is one of many short ones, which share connections, or a watch, which keeps one for itself. */
export type Use = "request" | "watch";

/** How long an unused connection is kept, in ms; below the three minutes after which an API server closes it. */
const idleConnectionMs = 60_000;
/** So many requests at a time go to the server; more wait. Status writes are limited to 10/s well before. */
const maxConnections = 16;

/**
 * Address and identity of one API server, by `KubeConfig` of @kubernetes/client-node: token files (read again after 60 s), exec plug-ins, OIDC, client
 * certificates, impersonation, proxies. Of that library nothing else is used; its own requests open a TLS connection each (docs/adr).
 */
export class Connection {
  readonly #source: KubeConfigSource;
  #config: KubeConfig;
  #agents: { readonly fingerprint: string; readonly byUse: Readonly<Record<Use, HttpAgent | HttpsAgent>> } | undefined;

  private constructor(source: KubeConfigSource, config: KubeConfig) {
    this.#source = source;
    this.#config = config;
  }

  /** @throws {KubeError} KUBE_CONFIG_INVALID */
  static async load(source: KubeConfigSource): Promise<Connection> {
    return new Connection(source, await readConfig(source));
  }

  /** Address of the API server, without a slash at the end. */
  get server(): string {
    return (this.#config.getCurrentCluster()?.server ?? "").replace(/\/+$/, "");
  }

  /** Namespace of the kubeconfig's context, or the one that this pod runs in. */
  get namespace(): string | undefined {
    if (this.#source.namespace !== undefined) return this.#source.namespace;
    const namespace = this.#config.getContextObject(this.#config.getCurrentContext())?.namespace?.trim();
    return namespace === "" ? undefined : namespace;
  }

  /** @throws {KubeError} KUBE_CREDENTIALS_UNAVAILABLE */
  async authenticate(use: Use, signal: AbortSignal): Promise<Identity> {
    const options: RequestOptions = { headers: {} };
    try {
      // An exec plug-in may hang or ask for a password; it goes on unobserved, and its answer serves the next request.
      await raceSignal(this.#config.applyToHTTPSOptions(options), signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new KubeError("KUBE_CREDENTIALS_UNAVAILABLE", `Cannot get credentials for ${this.server}: ${reasonOf(error)}`);
    }
    const agent = this.#config.getCurrentCluster()?.proxyUrl === undefined ? this.#agent(use, options) : options.agent;
    const { headers, ...others } = options;
    return { headers: trimmed(headers), options: { ...others, ...(agent !== undefined && { agent }) } };
  }

  /** Reads the configuration again, for credentials that were refused: all that `KubeConfig` remembers is forgotten. @throws {KubeError} KUBE_CONFIG_INVALID */
  async reload(): Promise<void> {
    this.#config = await readConfig(this.#source);
  }

  /** Closes every connection, used or not. */
  close(): void {
    for (const agent of Object.values(this.#agents?.byUse ?? {})) agent.destroy();
    this.#agents = undefined;
  }

  #agent(use: Use, options: RequestOptions): HttpAgent | HttpsAgent {
    const fingerprint = fingerprintOf(options);
    if (this.#agents?.fingerprint !== fingerprint) {
      // Requests on the old agent run to their end; its idle connections go by themselves after a minute.
      const create = this.server.startsWith("https:") ? HttpsAgent : HttpAgent;
      const byUse = {
        request: new create({ keepAlive: true, timeout: idleConnectionMs, maxSockets: maxConnections, maxFreeSockets: 4 }),
        watch: new create({ keepAlive: false }),
      };
      this.#agents = { fingerprint, byUse };
    }
    return this.#agents.byUse[use];
  }
}

async function readConfig(source: KubeConfigSource): Promise<KubeConfig> {
  const { KubeConfig, loadYaml } = await import("@kubernetes/client-node"); // 350 ms and 90 MB: only for who speaks to a cluster
  const files = source.inCluster === true ? [] : kubeconfigFiles(source);
  const from = files.length > 0 ? `kubeconfig "${files.join(delimiter)}"` : "the pod's service account";
  const config = new KubeConfig();
  try {
    for (const file of files) {
      const content = await readFile(file, "utf8");
      const one = new KubeConfig();
      one.loadFromString(content);
      one.makePathsAbsolute(dirname(resolve(file)));
      followTokenFiles(one, { content: loadYaml<unknown>(content), directory: dirname(resolve(file)) });
      config.mergeConfig(one, config.currentContext !== undefined); // of several, the first to say so names the context, as in kubectl
    }
    if (files.length === 0) config.loadFromCluster(source.rootDirectory ?? "");
    if (source.context !== undefined) config.setCurrentContext(source.context);
  } catch (error) {
    throw new KubeError("KUBE_CONFIG_INVALID", `Cannot read ${from}: ${reasonOf(error)}`);
  }
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || !URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    throw new KubeError("KUBE_CONFIG_INVALID", `Cannot use ${from}: it names no server for its current context`);
  }
  return config;
}

/** Files to be read, in order; none: the pod's own. Of several named files those that are missing are left out, as kubectl does. */
function kubeconfigFiles(source: KubeConfigSource): readonly string[] {
  const named = (source.kubeconfigPath ?? "").split(delimiter).filter((file) => file !== "");
  if (named.length === 1) return named;
  return named.length > 1
    ? named.filter((file) => existsSync(file))
    : [join(homedir(), ".kube", "config")].filter((file) => existsSync(file));
}

/**
 * `KubeConfig` knows the token file of a pod, but of a kubeconfig's user only a `token-file`, read once, and not the `tokenFile` that kubectl
 * documents: such a user would be anonymous. The file wins over `token`, as in client-go.
 */
function followTokenFiles(config: KubeConfig, file: { readonly content: unknown; readonly directory: string }): void {
  const entries = record(file.content)["users"];
  for (const entry of Array.isArray(entries) ? entries : []) {
    const tokenFile = text(record(record(entry)["user"])["tokenFile"]);
    if (tokenFile === undefined) continue;
    config.users = config.users.map((user) => {
      if (user.name !== record(entry)["name"]) return user;
      const { token: _, ...others } = user;
      return { ...others, authProvider: { name: "tokenFile", config: { tokenFile: resolve(file.directory, tokenFile) } } };
    });
  }
}

/** Connections are shared only between requests of one identity and one idea of whom to trust. */
function fingerprintOf(options: RequestOptions): string {
  const hash = createHash("sha256");
  for (const part of [
    options.ca,
    options.cert,
    options.key,
    options.pfx,
    options.passphrase,
    options.servername,
    String(options.rejectUnauthorized),
  ]) {
    for (const item of Array.isArray(part) ? part : [part]) {
      const bytes = typeof item === "string" || Buffer.isBuffer(item) ? item : JSON.stringify(item ?? null);
      hash.update(`${bytes.length}:`).update(bytes);
    }
  }
  return hash.digest("base64");
}

/** A token file often ends with a line feed, which `KubeConfig` keeps and which may not stand in a header. */
function trimmed(headers: RequestOptions["headers"]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value).trim()]));
}

/** Why there is no configuration or credential, without what might be one: parsers quote their input, and plug-ins print what they please. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown failure";
  if (error instanceof SyntaxError || error.name === "YAMLException") return "not the YAML or JSON that was expected";
  const line = quotable(error.message.trim().split("\n", 1)[0] ?? "");
  return "code" in error ? line : line.replaceAll(/[\w+/=.~-]{32,}/g, "[redacted]"); // a system error names a file or a program, whole
}
