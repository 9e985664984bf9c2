import type { IncomingMessage, ServerResponse } from "node:http";

/** Which requests a mode or a barrier is for: of the path (with query), or of the whole request. */
export type Matcher =
  | RegExp
  | string
  | ((request: { readonly method: string; readonly path: string; readonly headers: IncomingMessage["headers"] }) => boolean);

/** How a registry misbehaves. No mode waits for a clock: what is held or drips goes on when the test says so. */
export type Mode =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
      readonly body?: string;
    }
  | { readonly kind: "redirect"; readonly location: string; readonly status?: number }
  /** No answer at all, ever. */
  | { readonly kind: "hang" }
  /** The connection is closed before a byte of the answer. */
  | { readonly kind: "reset" }
  /** Headers and the first `bytes` of a body that is announced longer, and then nothing; `drip` sends one byte more. */
  | { readonly kind: "stall"; readonly bytes: number }
  /** As `stall`, but the connection is closed. */
  | { readonly kind: "truncate"; readonly bytes: number }
  /** 200 with these bytes. */
  | { readonly kind: "bytes"; readonly body: Uint8Array | string; readonly headers?: Readonly<Record<string, string>> }
  /** Chunked, without an end, as fast as it is read. */
  | { readonly kind: "endless" }
  /** A body of this announced length, as fast as it is read. */
  | { readonly kind: "huge"; readonly bytes: number }
  /** The proper answer, with these headers over it. */
  | { readonly kind: "headers"; readonly headers: Readonly<Record<string, string | readonly string[]>> };

export interface ModeHandle {
  /** How many requests it was used for. */
  readonly uses: number;
  /** One more byte on every connection that a `stall` holds. */
  drip(): void;
  remove(): void;
}

/** Holds requests until the test lets them go. */
export interface Barrier {
  /** Resolves when at least `count` requests are held (or were). */
  arrived(count?: number): Promise<void>;
  /** Lets those go that are held, and those that come from now on. */
  release(): void;
}

interface Entry {
  readonly matcher: Matcher;
  readonly mode: Mode;
  uses: number;
  left: number;
  readonly stalled: Set<ServerResponse>;
}
interface Hold {
  readonly matcher: Matcher;
  readonly waiting: (() => void)[];
  readonly watchers: { readonly count: number; readonly resolve: () => void }[];
  seen: number;
  open: boolean;
}

/** The modes and barriers of one server; the mode set last that matches is used. */
export class Modes {
  #entries: readonly Entry[] = [];
  readonly #holds: Hold[] = [];

  /** `times`: for so many requests only; default all. */
  set(matcher: Matcher, mode: Mode, options: { readonly times?: number } = {}): ModeHandle {
    const entry: Entry = { matcher, mode, uses: 0, left: options.times ?? Number.POSITIVE_INFINITY, stalled: new Set() };
    this.#entries = [entry, ...this.#entries];
    return {
      get uses() {
        return entry.uses;
      },
      drip: () => {
        for (const response of entry.stalled) response.write(".");
      },
      remove: () => {
        this.#entries = this.#entries.filter((other) => other !== entry);
      },
    };
  }

  clear(): void {
    this.#entries = [];
    for (const hold of this.#holds) open(hold);
  }

  hold(matcher: Matcher): Barrier {
    const hold: Hold = { matcher, waiting: [], watchers: [], seen: 0, open: false };
    this.#holds.push(hold);
    return {
      arrived: (count = 1) =>
        new Promise((resolve) => {
          if (hold.seen >= count) resolve();
          else hold.watchers.push({ count, resolve });
        }),
      release: () => open(hold),
    };
  }

  async pass(request: IncomingMessage): Promise<void> {
    for (const hold of this.#holds) {
      if (!matches(hold.matcher, request)) continue;
      hold.seen += 1;
      for (const watcher of hold.watchers) if (hold.seen >= watcher.count) watcher.resolve();
      if (!hold.open) await new Promise<void>((resolve) => hold.waiting.push(resolve));
    }
  }

  take(request: IncomingMessage): { readonly mode: Mode; readonly stalled: Set<ServerResponse> } | undefined {
    const entry = this.#entries.find((candidate) => candidate.left > 0 && matches(candidate.matcher, request));
    if (entry === undefined) return undefined;
    entry.uses += 1;
    entry.left -= 1;
    return entry;
  }
}

/** Plays a mode; false: the proper answer is wanted, with `headers` already set. */
export function play(mode: Mode, response: ServerResponse, stalled: Set<ServerResponse>): boolean {
  switch (mode.kind) {
    case "status":
      setHeaders(response, mode.headers);
      response.writeHead(mode.status).end(mode.body ?? "");
      return true;
    case "redirect":
      response.writeHead(mode.status ?? 307, { location: mode.location }).end();
      return true;
    case "hang":
      return true;
    case "reset":
      response.socket?.destroy();
      return true;
    case "stall":
    case "truncate":
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": String(mode.bytes + 1024) });
      response.write(Buffer.alloc(mode.bytes, "."), () => {
        if (mode.kind === "truncate") response.socket?.destroy();
      });
      stalled.add(response);
      return true;
    case "bytes":
      response.writeHead(200, { "content-length": String(Buffer.byteLength(mode.body)), ...mode.headers }).end(mode.body);
      return true;
    case "endless":
      response.writeHead(200, { "content-type": "application/octet-stream" });
      pour(response, Number.POSITIVE_INFINITY);
      return true;
    case "huge":
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": String(mode.bytes) });
      pour(response, mode.bytes);
      return true;
    case "headers":
      setHeaders(response, mode.headers);
      return false;
  }
}

function pour(response: ServerResponse, bytes: number): void {
  const piece = Buffer.alloc(65_536, ".");
  let left = bytes;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      const part = left < piece.length ? piece.subarray(0, left) : piece;
      left -= part.length;
      if (!response.write(part)) {
        response.once("drain", more);
        return;
      }
    }
    if (left <= 0) response.end();
  };
  more();
}

function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string | readonly string[]>> | undefined): void {
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, typeof value === "string" ? value : [...value]);
}

function matches(matcher: Matcher, request: IncomingMessage): boolean {
  const path = request.url ?? "";
  if (typeof matcher === "string") return path.includes(matcher);
  if (matcher instanceof RegExp) return matcher.test(path);
  return matcher({ method: request.method ?? "", path, headers: request.headers });
}

function open(hold: Hold): void {
  hold.open = true;
  for (const go of hold.waiting.splice(0)) go();
}
