import { accept, type Parsed, type ParseReason } from "./parsed.ts";

export interface JSONLimits {
  readonly bytes: number;
  /** Nesting of arrays and objects; default 32, of which a manifest needs five. */
  readonly depth?: number;
  /** Members and elements of everything; default as many as the bytes hold. What a byte costs differs tenfold by what stands in it. */
  readonly values?: number;
}

/**
 * Strict UTF-8 (no byte order mark), strict JSON, bounded in size before it is decoded and in depth before it is parsed. Of a key that is given twice the
 * last counts, as in Go. Messages say nothing of the content: V8's own quote it, and the content may be a Secret's. `what` begins the message.
 */
export function parseJSON(bytes: Uint8Array, what: string, limits: JSONLimits): Parsed<unknown> {
  const depth = limits.depth ?? 32;
  if (bytes.byteLength > limits.bytes) return fail("TooLarge", `${what} is larger than ${limits.bytes} bytes`);
  const measured = measure(bytes);
  if (measured.depth > depth) return fail("TooDeep", `${what} is nested deeper than ${depth} levels`);
  if (limits.values !== undefined && measured.values > limits.values)
    return fail("TooMany", `${what} holds more than ${limits.values} values`);
  try {
    // ignoreBOM keeps the mark in the text, where JSON.parse refuses it.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return accept(JSON.parse(text) as unknown);
  } catch {
    // The error quotes the content: it must not travel on, not even as a cause.
    return fail("NotJSON", `${what} is not JSON`);
  }
}

/** A JSON object, to be read by name with {@link field}; arrays and null are none. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  // Checked above: an object's fields are unknown, and stay so.
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
}

/** An own field: nothing that `Object.prototype` has, whatever the document is called. */
export function field(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function fail(reason: ParseReason, message: string): Parsed<never> {
  return { ok: false, reason, message };
}

/** Deepest nesting, and values by what begins or separates them, outside strings; of what is no JSON it may say anything. */
function measure(bytes: Uint8Array): { readonly depth: number; readonly values: number } {
  let depth = 0;
  let deepest = 0;
  let values = 0;
  let quoted = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (quoted) {
      if (byte === 0x5c) at += 1;
      else if (byte === 0x22) quoted = false;
    } else if (byte === 0x22) quoted = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      values += 1;
      if (depth > deepest) deepest = depth;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
    else if (byte === 0x2c) values += 1;
  }
  return { depth: deepest, values };
}
