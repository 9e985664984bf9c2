import type { ServerResponse } from "node:http";

/** A JSON object. */
export type Json = Record<string, unknown>;

/** What to answer instead of the truth. */
export type Fault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  | { readonly hang: true }
  | { readonly cut: true }
  /** A 200 whose body is these bytes and, unless `open`, ends. */
  | { readonly bytes: string | Uint8Array; readonly open?: boolean };

/** A watch that is open, in the hands of the test. */
export interface FakeWatch {
  readonly query: Readonly<Record<string, string>>;
  readonly isOpen: boolean;
  /** Raw bytes; an object becomes a line of JSON. */
  write(data: string | Uint8Array | Json): void;
  /** Ends it in good order, as at `timeoutSeconds`. */
  end(): void;
  /** Ends it as a crash does. */
  cut(): void;
}

/** A watch that is open, over its response. */
export class Watch implements FakeWatch {
  readonly query: Readonly<Record<string, string>>;
  readonly #response: ServerResponse;

  constructor(query: Readonly<Record<string, string>>, response: ServerResponse) {
    this.query = query;
    this.#response = response;
  }

  get isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }

  write(data: string | Uint8Array | Json): void {
    if (this.isOpen) this.#response.write(typeof data === "string" || data instanceof Uint8Array ? data : `${JSON.stringify(data)}\n`);
  }

  end(): void {
    this.#response.end();
  }

  cut(): void {
    this.#response.destroy();
  }
}

/** A bookmark event. */
export function bookmarkAt(resourceVersion: string, annotations?: Readonly<Record<string, string>>): Json {
  return { type: "BOOKMARK", object: { metadata: { resourceVersion, ...(annotations !== undefined && { annotations }) } } };
}

/** The Status of a refusal. */
export function statusBody(code: number, reason: string, message = reason, details?: Json): Json {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, ...(details !== undefined && { details }) };
}

/** Waits, in real time and for 10 s at most, until something that I/O brings about has happened. */
export async function eventually(holds: () => boolean, what = String(holds)): Promise<void> {
  const until = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > until) throw new Error(`Did not happen within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Answers with a fault. */
export function misbehave(response: ServerResponse, fault: Fault): void {
  if ("hang" in fault) return;
  if ("cut" in fault) response.destroy();
  else if ("bytes" in fault) {
    response.writeHead(200, { "content-type": "application/json" });
    if (fault.open === true) response.write(fault.bytes);
    else response.end(fault.bytes);
  } else {
    const { body = statusBody(fault.status, "Fault") } = fault;
    response.writeHead(fault.status, { "content-type": typeof body === "string" ? "text/plain" : "application/json", ...fault.headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  }
}

/** Answers with a refusal. */
export function sendStatus(response: ServerResponse, code: number, reason: string, message = reason, details?: Json): void {
  sendJson(response, code, statusBody(code, reason, message, details));
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: Json): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
