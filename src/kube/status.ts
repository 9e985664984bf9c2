import type { IncomingHttpHeaders } from "node:http";
import { KubeError, type KubeErrorOptions } from "./kube-error.ts";

/** How much of a server's own words goes into a message of ours, in characters. */
const maxQuoted = 256;
/** A server that asks for a longer pause is taken to have asked for this much: 10 min. */
const maxRetryAfterMs = 600_000;

/** The `Status` object of a refusal (apimachinery meta/v1), as far as we read it. */
export interface Status {
  readonly code: number | undefined;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  /** `details.name`: of a 404, what tells a missing object from a missing kind. */
  readonly name: string | undefined;
  readonly causes: readonly string[];
  readonly retryAfterMs: number | undefined;
}

/** Reads a Status leniently: a member of another shape counts as absent, anything but an object as an empty Status. */
export function decodeStatus(value: unknown): Status {
  const status = record(value);
  const details = record(status["details"]);
  const causes = Array.isArray(details["causes"]) ? details["causes"].slice(0, 8) : [];
  const seconds = number(details["retryAfterSeconds"]);
  return {
    code: number(status["code"]),
    reason: text(status["reason"]),
    message: text(status["message"]),
    name: text(details["name"]),
    causes: causes.map((cause) => text(record(cause)["reason"]) ?? "").filter((reason) => reason !== ""),
    retryAfterMs: seconds === undefined || seconds <= 0 ? undefined : Math.min(seconds * 1000, maxRetryAfterMs),
  };
}

/** The error for a refusal: `what` names the request, `body` is what came with it (a Status, or nothing readable), `nowMs` dates a Retry-After. */
export function refusal(
  what: string,
  answer: { readonly status: number; readonly headers?: IncomingHttpHeaders; readonly body: unknown },
  nowMs: number,
): KubeError {
  const status = decodeStatus(answer.body);
  const retryAfterMs = parseRetryAfter(answer.headers?.["retry-after"], nowMs) ?? status.retryAfterMs;
  const options: KubeErrorOptions = { status: answer.status, reason: status.reason, causes: status.causes, retryAfterMs };
  const said = status.message === undefined ? "" : `: ${quotable(status.message)}`;
  const reason = status.reason === undefined ? "" : ` ${quotable(status.reason)}`;
  return new KubeError("KUBE_REFUSED", `${what} was answered with ${answer.status}${reason}${said}`, options);
}

/** Milliseconds that a Retry-After header asks for (RFC 9110 §10.2.3: seconds or a date), 10 min at most; `undefined` if there is none to be read. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const value = header.trim();
  if (/^\d{1,9}$/.test(value)) return Math.min(Number(value) * 1000, maxRetryAfterMs);
  const date = /^[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(Math.max(date - nowMs, 0), maxRetryAfterMs);
}

/** Words of somebody else, fit for one line of a message: control characters as spaces, cut at 256 characters. */
export function quotable(words: string): string {
  // oxlint-disable-next-line eslint/no-control-regex -- control characters are what this is about
  const line = words.slice(0, maxQuoted).replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
  return words.length > maxQuoted ? `${line}…` : line;
}

/** The members of a JSON object; none for any other value. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  // A JSON object is a record of unknowns; nothing is claimed about its members.
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** The value if it is a string that is not empty. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
