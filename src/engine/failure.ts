import type { Failure } from "../api/error-class.ts";
import { StoreError } from "./store.ts";

/** What a store threw, as a failure of that store. A deadline of ours that it missed is its Timeout; anything it must not throw is Internal. */
export function toFailure(error: unknown, where: { readonly host: string; readonly timeoutMs: number }): Failure {
  if (error instanceof StoreError) return error.failure;
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return { class: "Timeout", message: `${where.host} did not answer in time (timeout ${where.timeoutMs} ms)` };
  }
  if (error instanceof DOMException && error.name === "AbortError")
    return { class: "Timeout", message: `${where.host} had not answered when the request ended` };
  return { class: "Internal", message: `${where.host}: the store failed in an unforeseen way` };
}

/** `mirror (AuthenticationFailed: mirror.acme.io refused …)`: how reasons name a store and what is wrong with it. */
export function describeFailure(store: string, failure: Failure): string {
  return `${store} (${failure.class}: ${failure.message})`;
}
