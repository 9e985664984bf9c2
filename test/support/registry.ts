import type { IncomingMessage, ServerResponse } from "node:http";
import { Gate, type RegistryAuth } from "./registry/auth.ts";
import { blob, encode, imageParts, type ManifestDocument, type Pushed, RepositoryContent, types } from "./registry/content.ts";
import { Listener, type ListenerOptions } from "./registry/listener.ts";
import { type Barrier, type Matcher, type Mode, type ModeHandle, Modes, play } from "./registry/modes.ts";

export type { RegistryAuth, RegistryUser } from "./registry/auth.ts";
export type { ManifestDocument, Pushed } from "./registry/content.ts";
export type { Barrier, Matcher, Mode, ModeHandle } from "./registry/modes.ts";
export { blob, encode, sha256, types } from "./registry/content.ts";

/** The port is kept over stop and start. */
export interface RegistryOptions extends ListenerOptions {
  /** Default none. */
  readonly auth?: RegistryAuth;
  /** Default true; false answers 404 as distribution does. */
  readonly referrersApi?: boolean;
  /** Referrers a page; default all. */
  readonly pageSize?: number;
  /** Answers 404 NAME_UNKNOWN for a repository nobody pushed to; default true. */
  readonly nameUnknown?: boolean;
}

/** A request as it arrived, and what it was answered (0: not yet, or not at all). */
export interface RecordedRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly host: string;
  readonly authorization?: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Answered by the token service, wherever it listens. */
  readonly isToken: boolean;
  status: number;
}

export interface TestRegistry extends AsyncDisposable {
  /** `http(s)://127.0.0.1:<port>`. */
  readonly origin: string;
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly port: number;
  /** Where the token service listens; `origin` unless `auth.separate`. */
  readonly tokenOrigin: string;
  /** In the order of arrival. */
  readonly requests: RecordedRequest[];
  pushBlob(repository: string, bytes: Uint8Array | string): Pushed;
  /** A manifest or index with its blobs; `tag` names it. */
  push(repository: string, document: ManifestDocument, options?: { readonly blobs?: readonly Uint8Array[]; readonly tag?: string }): Pushed;
  /** A small image that is the same for the same seed. */
  pushImage(repository: string, options?: { readonly seed?: string; readonly tag?: string }): Pushed;
  /**
   * An artifact that refers to `subject`, and the fallback tag's index (distribution-spec v1.1.1 §pushing-manifests-with-subject) where there is no API, or where
   * `fallbackTag` says so.
   */
  pushReferrer(repository: string, subject: Pushed, artifact: Artifact): Pushed;
  tag(repository: string, tag: string, digest: string): void;
  untag(repository: string, tag: string): void;
  /** The mode set last that matches is played; also on the token service. */
  setMode(matcher: Matcher, mode: Mode, options?: { readonly times?: number }): ModeHandle;
  clearModes(): void;
  /** Holds matching requests before they are looked at. */
  hold(matcher: Matcher): Barrier;
  revokeTokens(): void;
  /** Closes the port and every connection. */
  stop(): Promise<void>;
  /** Listens again on the same port. */
  start(): Promise<void>;
}

export interface Artifact {
  readonly artifactType: string;
  readonly layers: readonly {
    readonly mediaType: string;
    readonly content: Uint8Array | string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly fallbackTag?: boolean;
}

/** An OCI registry in memory: distribution-spec v1.1.1, reading; pushing is by method. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = new MemoryRegistry(options);
  await registry.start();
  return registry;
}

class MemoryRegistry implements TestRegistry {
  readonly requests: RecordedRequest[] = [];
  readonly #options: RegistryOptions;
  readonly #gate: Gate;
  readonly #modes = new Modes();
  readonly #repositories = new Map<string, RepositoryContent>();
  readonly #registry: Listener;
  readonly #tokens: Listener | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
    const auth = options.auth ?? { kind: "none" };
    this.#gate = new Gate(auth);
    this.#registry = new Listener(options, (request, response) => this.#serve(request, response, false));
    const separate = auth.kind === "token" && auth.separate === true;
    this.#tokens = separate
      ? new Listener({ ...options, port: 0 }, (request, response) => this.#serve(request, response, true))
      : undefined;
  }

  get origin(): string {
    return `${this.#options.tls === undefined ? "http" : "https"}://${this.host}`;
  }
  get host(): string {
    return `${this.#options.hostname ?? "127.0.0.1"}:${this.port}`;
  }
  get port(): number {
    return this.#registry.port;
  }
  get tokenOrigin(): string {
    const { hostname = "127.0.0.1", tls } = this.#options;
    return this.#tokens === undefined ? this.origin : `${tls === undefined ? "http" : "https"}://${hostname}:${this.#tokens.port}`;
  }

  pushBlob(repository: string, bytes: Uint8Array | string): Pushed {
    const { bytes: content, descriptor } = blob("application/octet-stream", bytes);
    this.#content(repository).blobs.set(descriptor.digest, content);
    return descriptor;
  }

  push(
    repository: string,
    document: ManifestDocument,
    options: { readonly blobs?: readonly Uint8Array[]; readonly tag?: string } = {},
  ): Pushed {
    for (const bytes of options.blobs ?? []) this.pushBlob(repository, bytes);
    const mediaType = document.mediaType ?? (document.manifests === undefined ? types.manifest : types.index);
    const pushed = this.#content(repository).putManifest(encode(document), mediaType, document);
    if (options.tag !== undefined) this.tag(repository, options.tag, pushed.digest);
    return pushed;
  }

  pushImage(repository: string, { seed = "image", tag }: { readonly seed?: string; readonly tag?: string } = {}): Pushed {
    const { document, blobs } = imageParts(seed);
    return this.push(repository, document, { blobs, ...(tag !== undefined && { tag }) });
  }

  pushReferrer(repository: string, subject: Pushed, artifact: Artifact): Pushed {
    const empty = blob(types.empty, "{}");
    const layers = artifact.layers.map((layer) => ({ ...blob(layer.mediaType, layer.content), annotations: layer.annotations }));
    const pushed = this.push(
      repository,
      {
        schemaVersion: 2,
        mediaType: types.manifest,
        artifactType: artifact.artifactType,
        config: empty.descriptor,
        layers: layers.map(({ descriptor, annotations }) => ({ ...descriptor, ...(annotations !== undefined && { annotations }) })),
        subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
        ...(artifact.annotations !== undefined && { annotations: artifact.annotations }),
      },
      { blobs: [empty.bytes, ...layers.map(({ bytes }) => bytes)] },
    );
    if (artifact.fallbackTag ?? this.#options.referrersApi === false) this.#appendFallback(repository, subject, pushed);
    return pushed;
  }

  tag(repository: string, tag: string, digest: string): void {
    this.#content(repository).tags.set(tag, digest);
  }
  untag(repository: string, tag: string): void {
    this.#content(repository).tags.delete(tag);
  }
  setMode(matcher: Matcher, mode: Mode, options: { readonly times?: number } = {}): ModeHandle {
    return this.#modes.set(matcher, mode, options);
  }
  clearModes(): void {
    this.#modes.clear();
  }
  hold(matcher: Matcher): Barrier {
    return this.#modes.hold(matcher);
  }
  revokeTokens(): void {
    this.#gate.revokeTokens();
  }
  async stop(): Promise<void> {
    await Promise.all([this.#registry.stop(), this.#tokens?.stop()]);
  }
  async start(): Promise<void> {
    await Promise.all([this.#registry.start(), this.#tokens?.start()]);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.#modes.clear();
    await this.stop();
  }

  #content(repository: string): RepositoryContent {
    const known = this.#repositories.get(repository);
    if (known !== undefined) return known;
    const content = new RepositoryContent();
    this.#repositories.set(repository, content);
    return content;
  }

  #appendFallback(repository: string, subject: Pushed, referrer: Pushed): void {
    const tag = subject.digest.replace(":", "-");
    const content = this.#content(repository);
    const before = content.manifest(tag);
    const listed = before === undefined ? [] : ((JSON.parse(before.bytes.toString("utf8")) as { manifests: Pushed[] }).manifests ?? []);
    this.push(repository, { schemaVersion: 2, mediaType: types.index, manifests: [...listed, referrer] }, { tag });
  }

  async #serve(request: IncomingMessage, response: ServerResponse, isTokenPort: boolean): Promise<void> {
    const path = request.url ?? "";
    const isToken = isTokenPort || path === "/token" || path.startsWith("/token?");
    const body = await readText(request);
    const { authorization } = request.headers;
    const recorded: RecordedRequest = {
      method: request.method ?? "",
      path,
      host: request.headers.host ?? "",
      ...(authorization !== undefined && { authorization }),
      headers: request.headers,
      body,
      isToken,
      status: 0,
    };
    this.requests.push(recorded);
    response.on("finish", () => (recorded.status = response.statusCode));
    await this.#modes.pass(request);
    const mode = this.#modes.take(request);
    if (mode !== undefined && play(mode.mode, response, mode.stalled)) return;
    if (isToken) {
      const issued = this.#gate.issue(request, body);
      send(response, issued.status, { body: encode(issued.body), mediaType: "application/json" });
    } else this.#answer(request, response);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", this.origin);
    const route = /^\/v2\/(?:(?<name>.+)\/(?<kind>manifests|blobs|referrers|tags)\/(?<reference>[^/]+))?$/.exec(url.pathname)?.groups;
    if (route === undefined) return refuse(response, 404, "NOT_FOUND");
    const { name, kind, reference = "" } = route;
    const admission = this.#gate.admit(request.headers.authorization, name, this.tokenOrigin);
    if (!admission.ok) {
      if (admission.challenge !== undefined && !response.hasHeader("www-authenticate"))
        response.setHeader("www-authenticate", admission.challenge);
      return refuse(response, admission.status, admission.code);
    }
    if (name === undefined) return send(response, 200, { body: Buffer.from("{}"), mediaType: "application/json" });
    if (kind === "referrers" && this.#options.referrersApi === false) {
      response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found\n");
      return undefined;
    }
    const content = this.#repositories.get(name);
    if (content === undefined) return refuse(response, 404, this.#options.nameUnknown === false ? "MANIFEST_UNKNOWN" : "NAME_UNKNOWN");
    switch (kind) {
      case "manifests":
        return sendManifest(response, content, reference);
      case "blobs":
        return sendBlob(response, content, reference);
      case "tags":
        return sendTags(response, content, { name, params: url.searchParams });
      default:
        return this.#sendReferrers(response, content, { name, digest: reference, params: url.searchParams });
    }
  }

  #sendReferrers(
    response: ServerResponse,
    content: RepositoryContent,
    query: { readonly name: string; readonly digest: string; readonly params: URLSearchParams },
  ): void {
    const all = content.referrers.get(query.digest) ?? [];
    const size = this.#options.pageSize ?? all.length;
    const from = Number(query.params.get("from") ?? "0");
    const to = from + size;
    if (to < all.length) setDefault(response, "link", `</v2/${query.name}/referrers/${query.digest}?from=${to}>; rel="next"`);
    send(response, 200, {
      body: encode({ schemaVersion: 2, mediaType: types.index, manifests: all.slice(from, to) }),
      mediaType: types.index,
    });
  }
}

function sendManifest(response: ServerResponse, content: RepositoryContent, reference: string): void {
  const found = content.manifest(reference);
  if (found === undefined) return refuse(response, 404, "MANIFEST_UNKNOWN");
  setDefault(response, "docker-content-digest", found.digest);
  return send(response, 200, { body: found.bytes, mediaType: found.mediaType });
}

function sendBlob(response: ServerResponse, content: RepositoryContent, digest: string): void {
  const bytes = content.blobs.get(digest);
  if (bytes === undefined) return refuse(response, 404, "BLOB_UNKNOWN");
  return send(response, 200, { body: bytes, mediaType: "application/octet-stream" });
}

function sendTags(
  response: ServerResponse,
  content: RepositoryContent,
  query: { readonly name: string; readonly params: URLSearchParams },
): void {
  const all = [...content.tags.keys()].toSorted();
  const start = query.params.has("last") ? all.indexOf(query.params.get("last") ?? "") + 1 : 0;
  const tags = all.slice(start, start + Number(query.params.get("n") ?? all.length));
  if (start + tags.length < all.length)
    setDefault(response, "link", `</v2/${query.name}/tags/list?last=${tags.at(-1)}&n=${tags.length}>; rel="next"`);
  return send(response, 200, { body: encode({ name: query.name, tags }), mediaType: "application/json" });
}

function refuse(response: ServerResponse, status: number, code: string): void {
  send(response, status, { body: encode({ errors: [{ code, message: code.toLowerCase() }] }), mediaType: "application/json" });
}

function send(response: ServerResponse, status: number, content: { readonly body: Buffer; readonly mediaType: string }): void {
  setDefault(response, "content-type", content.mediaType);
  setDefault(response, "content-length", String(content.body.byteLength));
  response.writeHead(status).end(content.body);
}

/** A mode may have set it already. */
function setDefault(response: ServerResponse, name: string, value: string): void {
  if (!response.hasHeader(name)) response.setHeader(name, value);
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
