import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Certificate } from "./certificates.ts";
import { bookmarkAt, type Fault, type FakeWatch, type Json, misbehave, sendJson, sendStatus, statusBody, Watch } from "./kube-wire.ts";

/** A kind that the server serves. */
export interface FakeResource {
  readonly group?: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced?: boolean;
}

export interface FakeKubeApiOptions {
  readonly resources: readonly FakeResource[];
  /** Serves https with this certificate. */
  readonly certificate?: Certificate;
  /** Tokens that are let in; without, everybody is. */
  readonly tokens?: ReadonlySet<string>;
}

/** A request as it came. `verb` as an audit log has it, with `watchlist` for a watch that lists. */
export interface RecordedRequest {
  readonly verb: "list" | "watch" | "watchlist" | "get" | "create" | "patch" | "patch-status" | "discovery" | "other";
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

interface LogEntry {
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly collection: string;
  readonly object: Json;
}

/**
 * An API server in memory that speaks the protocol of the real one: list with limit and continue, watch, WatchList, server-side apply of objects and
 * statuses, 409, 410, discovery. For what a real one cannot be made to do, tests put faults before the next requests, or write into open watches.
 */
export class FakeKubeApi {
  readonly requests: RecordedRequest[] = [];
  readonly watches: FakeWatch[] = [];
  /** False: answers a watch that lists with 422, as a server without the feature. */
  servesWatchList = true;
  /** Connections accepted since the start. */
  connections = 0;
  /** How a watch from a compacted state is refused: with HTTP 410, or with 200 and an ERROR event. */
  expiry: "http" | "in-stream" = "in-stream";
  /** Members of a status that its schema does not know: an apply is then refused with 500, whatever `fieldValidation` says. */
  undeclared: readonly string[] = [];
  /** What no identity may list or watch: `secrets` everywhere, `secrets team-a` in one namespace. An open watch goes on, as with the real one. */
  readonly forbidden = new Set<string>();
  /** What is never answered, named in the same way. */
  readonly unanswered = new Set<string>();
  readonly #options: FakeKubeApiOptions;
  readonly #server: Server;
  readonly #objects = new Map<string, { readonly collection: string; object: Json }>();
  readonly #faults: { readonly verb: RecordedRequest["verb"]; readonly fault: Fault }[] = [];
  readonly #listeners = new Set<(entry: LogEntry) => void>();
  readonly #log: LogEntry[] = [];
  #revision = 100;
  #compacted = 0;
  #uid = 0;

  private constructor(options: FakeKubeApiOptions) {
    this.#options = options;
    const listener = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    const { certificate } = options;
    this.#server =
      certificate === undefined
        ? createHttpServer(listener)
        : createHttpsServer({ cert: certificate.pem, key: certificate.keyPem }, listener);
    this.#server.on("connection", () => (this.connections += 1));
  }

  static async start(options: FakeKubeApiOptions): Promise<FakeKubeApi> {
    const api = new FakeKubeApi(options);
    api.#server.listen(0, "127.0.0.1");
    await once(api.#server, "listening");
    return api;
  }

  get url(): string {
    return `${this.#options.certificate === undefined ? "http" : "https"}://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get revision(): string {
    return String(this.#revision);
  }

  /** A kubeconfig for it; `user` is the user entry's content. */
  kubeconfig(user: Json = {}, cluster: Json = this.url.startsWith("http:") ? { "insecure-skip-tls-verify": true } : {}): string {
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: this.url, ...cluster } }],
      users: [{ name: "u", user }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "here" } }],
      "current-context": "x",
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Answers the next request of this verb with a fault; several are used up in their order. */
  fail(verb: RecordedRequest["verb"], ...faults: readonly Fault[]): void {
    for (const fault of faults) this.#faults.push({ verb, fault });
  }

  /** How many requests of a verb there were. */
  count(verb: RecordedRequest["verb"]): number {
    return this.requests.filter((request) => request.verb === verb).length;
  }

  /** Creates or changes an object; gives it as it is kept. Without a uid it keeps its own, or gets a new one. */
  put(plural: string, object: { readonly metadata: Json } & Json): Json {
    const resource = this.#options.resources.find((known) => known.plural === plural);
    if (resource === undefined) throw new TypeError(`No resource ${plural}`);
    return this.#store(resource, object);
  }

  remove(plural: string, name: string, namespace?: string): void {
    const end = keyOf(`/${plural}`, namespace, name);
    const found = [...this.#objects].find(([key]) => key.endsWith(end));
    if (found === undefined) throw new TypeError(`No object ${plural}/${name}`);
    this.#objects.delete(found[0]);
    this.#revision += 1;
    const metadata = { ...(found[1].object["metadata"] as Json), resourceVersion: this.revision };
    this.#record({ revision: this.#revision, type: "DELETED", collection: found[1].collection, object: { ...found[1].object, metadata } });
  }

  /** Forgets how the present state came about: a watch or a page from an earlier one is answered with 410. */
  compact(): void {
    this.#revision += 1;
    this.#compacted = this.#revision;
    this.#log.length = 0;
  }

  /** Sends a bookmark into every open watch. */
  bookmark(): void {
    for (const watch of this.watches) if (watch.isOpen) watch.write(bookmarkAt(this.revision));
  }

  #store(resource: FakeResource, given: Json): Json {
    const metadata = given["metadata"] as Json;
    const collection = collectionOf(resource);
    const key = keyOf(collection, metadata["namespace"] as string | undefined, metadata["name"] as string);
    const known = this.#objects.get(key)?.object["metadata"] as Json | undefined;
    this.#revision += 1;
    this.#uid += known === undefined ? 1 : 0;
    const uid = metadata["uid"] ?? known?.["uid"] ?? `uid-${this.#uid}`;
    const kept = { ...metadata, uid, resourceVersion: this.revision, managedFields: [{ manager: "test", fieldsV1: {} }] };
    const apiVersion = resource.group === undefined ? resource.version : `${resource.group}/${resource.version}`;
    const object = { apiVersion, kind: resource.kind, ...given, metadata: kept };
    this.#objects.set(key, { collection, object });
    this.#record({ revision: this.#revision, type: known === undefined ? "ADDED" : "MODIFIED", collection, object });
    return object;
  }

  #record(entry: LogEntry): void {
    this.#log.push(entry);
    for (const listener of this.#listeners) listener(entry);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(request.url ?? "/", this.url);
    const query = Object.fromEntries(url.searchParams);
    const recorded: RecordedRequest = {
      verb: this.#verbOf(request.method ?? "", url.pathname, query),
      method: request.method ?? "",
      path: url.pathname,
      query,
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    };
    this.requests.push(recorded);
    const { tokens } = this.#options;
    if (tokens !== undefined && !tokens.has((request.headers.authorization ?? "").replace("Bearer ", ""))) {
      sendStatus(response, 401, "Unauthorized");
      return;
    }
    const at = this.#faults.findIndex((planned) => planned.verb === recorded.verb);
    const [planned] = at < 0 ? [] : this.#faults.splice(at, 1);
    if (planned === undefined) this.#answer(recorded, response);
    else misbehave(response, planned.fault);
  }

  #verbOf(method: string, path: string, query: Readonly<Record<string, string>>): RecordedRequest["verb"] {
    if (method === "PATCH") return path.endsWith("/status") ? "patch-status" : "patch";
    const isCollection = this.#options.resources.some((resource) => {
      const target = parsePath(path, resource);
      return target !== undefined && target.name === undefined;
    });
    if (method === "POST" && isCollection) return "create";
    if (method !== "GET") return "other";
    if (/^\/(api\/[^/]+|apis\/[^/]+\/[^/]+)$/.test(path)) return "discovery";
    if (query["watch"] !== undefined) return query["sendInitialEvents"] === "true" ? "watchlist" : "watch";
    return isCollection ? "list" : "get";
  }

  #answer(request: RecordedRequest, response: ServerResponse): void {
    if (request.verb === "discovery") {
      this.#discover(request, response);
      return;
    }
    for (const resource of this.#options.resources) {
      const target = parsePath(request.path, resource);
      if (target === undefined) continue;
      const named = [resource.plural, `${resource.plural} ${target.namespace}`];
      if (named.some((name) => this.unanswered.has(name))) return;
      if (request.verb !== "get" && named.some((name) => this.forbidden.has(name))) {
        sendStatus(response, 403, "Forbidden", `cannot list resource "${resource.plural}" in the namespace "${target.namespace}"`);
        return;
      }
      const matches = ({ collection, object }: { collection: string; object: Json }): boolean =>
        collection === collectionOf(resource) &&
        (target.namespace === undefined || (object["metadata"] as Json)["namespace"] === target.namespace);
      if (request.verb === "watch" || request.verb === "watchlist") this.#watch(request, response, matches);
      else if (request.verb === "create") this.#create(request, response, resource);
      else if (request.verb === "list") this.#list(request, response, { resource, matches });
      else this.#single(request, response, { resource, name: target.name ?? "", namespace: target.namespace });
      return;
    }
    response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found\n");
  }

  #discover(request: RecordedRequest, response: ServerResponse): void {
    const here = this.#options.resources.filter((resource) => request.path === groupPath(resource));
    if (here.length === 0) {
      response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found\n");
      return;
    }
    const resources = here.flatMap(({ plural, kind, namespaced = false }) => [
      { name: `${plural}/status`, kind, namespaced },
      { name: plural, kind, namespaced },
    ]);
    sendJson(response, 200, { kind: "APIResourceList", resources });
  }

  #list(request: RecordedRequest, response: ServerResponse, list: { readonly resource: FakeResource; readonly matches: Matcher }): void {
    const token = request.query["continue"];
    const [at = this.revision, after = ""] = token === undefined ? [] : Buffer.from(token, "base64").toString().split(" ", 2);
    if (Number(at) < this.#compacted) {
      sendStatus(response, 410, "Expired", "The provided continue parameter is too old");
      return;
    }
    const all = [...this.#objects].filter(([key, entry]) => list.matches(entry) && key > after).sort(([a], [b]) => (a < b ? -1 : 1));
    const limit = Number(request.query["limit"] ?? "0");
    const page = limit > 0 ? all.slice(0, limit) : all;
    const next = page.length < all.length ? Buffer.from(`${at} ${page.at(-1)?.[0]}`).toString("base64") : undefined;
    const items = page.map(([, { object }]) => object);
    sendJson(response, 200, {
      kind: `${list.resource.kind}List`,
      metadata: { resourceVersion: at, ...(next !== undefined && { continue: next }) },
      items,
    });
  }

  #watch(request: RecordedRequest, response: ServerResponse, matches: Matcher): void {
    const isList = request.verb === "watchlist";
    if (isList && !this.servesWatchList) {
      sendStatus(response, 422, "Invalid", "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled");
      return;
    }
    const from = Number(request.query["resourceVersion"] ?? "0");
    const isExpired = !isList && from < this.#compacted;
    if (isExpired && this.expiry === "http") {
      sendStatus(response, 410, "Expired", "too old resource version");
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const watch = new Watch(request.query, response);
    if (isExpired) {
      watch.write({ type: "ERROR", object: statusBody(410, "Expired", "too old resource version") });
      watch.end();
      return;
    }
    this.watches.push(watch);
    const tell = (entry: LogEntry): void => {
      if (matches(entry)) watch.write({ type: entry.type, object: entry.object });
    };
    if (isList) {
      for (const entry of this.#objects.values()) if (matches(entry)) watch.write({ type: "ADDED", object: entry.object });
      watch.write(bookmarkAt(this.revision, { "k8s.io/initial-events-end": "true" }));
    } else for (const entry of this.#log) if (entry.revision > from) tell(entry);
    this.#listeners.add(tell);
    response.once("close", () => this.#listeners.delete(tell));
  }

  #create(request: RecordedRequest, response: ServerResponse, resource: FakeResource): void {
    const object = JSON.parse(request.body) as Json & { metadata: Json };
    const { name, namespace } = object.metadata;
    const isKnown = this.#objects.has(keyOf(collectionOf(resource), namespace as string | undefined, name as string));
    if (isKnown) sendStatus(response, 409, "AlreadyExists");
    else sendJson(response, 201, this.#store(resource, object));
  }

  #single(
    request: RecordedRequest,
    response: ServerResponse,
    target: { readonly resource: FakeResource; readonly name: string; readonly namespace: string | undefined },
  ): void {
    const key = keyOf(collectionOf(target.resource), target.namespace, target.name);
    const known = this.#objects.get(key)?.object;
    const isMerge = request.headers["content-type"] === "application/merge-patch+json";
    if (known === undefined && (request.verb !== "patch" || isMerge)) {
      sendStatus(response, 404, "NotFound", `${target.resource.plural} "${target.name}" not found`, { name: target.name });
      return;
    }
    if (request.verb === "get" || known === undefined) {
      sendJson(response, 200, known ?? this.#store(target.resource, JSON.parse(request.body) as Json & { metadata: Json }));
      return;
    }
    const metadata = known["metadata"] as Json;
    if (isMerge) {
      sendJson(response, 200, this.#store(target.resource, { ...known, ...(JSON.parse(request.body) as Json), metadata }));
      return;
    }
    const given = JSON.parse(request.body) as { readonly metadata: Json; readonly status?: Json };
    const wanted = given.metadata["resourceVersion"];
    if (request.headers["content-type"] !== "application/apply-patch+yaml") sendStatus(response, 415, "UnsupportedMediaType");
    else if (wanted !== undefined && wanted !== metadata["resourceVersion"])
      sendStatus(response, 409, "Conflict", "the object has been modified");
    else if (request.verb === "patch") sendJson(response, 200, this.#store(target.resource, given));
    else {
      const status = given.status ?? {};
      const undeclared = this.undeclared.find((name) => name in status);
      const isSame = JSON.stringify(status) === JSON.stringify(known["status"]); // a write that changes nothing makes no new revision
      if (undeclared !== undefined)
        sendStatus(response, 500, "", `failed to create typed patch object: .status.${undeclared}: field not declared in schema`);
      else sendJson(response, 200, isSame ? known : this.#store(target.resource, { ...known, status }));
    }
  }
}

type Matcher = (entry: { readonly collection: string; readonly object: Json }) => boolean;

function collectionOf(resource: FakeResource): string {
  return `${groupPath(resource)}/${resource.plural}`;
}

function groupPath(resource: FakeResource): string {
  return resource.group === undefined ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
}

function parsePath(
  path: string,
  resource: FakeResource,
): { readonly namespace: string | undefined; readonly name: string | undefined } | undefined {
  const prefix = groupPath(resource);
  if (!path.startsWith(`${prefix}/`)) return undefined;
  const match = /^(?:namespaces\/([^/]+)\/)?([^/]+)(?:\/([^/]+))?(?:\/status)?$/.exec(path.slice(prefix.length + 1));
  return match?.[2] === resource.plural ? { namespace: match[1], name: match[3] } : undefined;
}

function keyOf(collection: string, namespace: string | undefined, name: string): string {
  return namespace === undefined ? `${collection}/${name}` : `${collection}/${namespace}/${name}`;
}
