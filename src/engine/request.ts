import type { Failure } from "../api/error-class.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Digest } from "../oci/digest.ts";
import type { Reference } from "../oci/reference.ts";
import type { Budget } from "./budget.ts";
import type { Expressions } from "./expression.ts";
import type { OrderMemory } from "./locations.ts";
import type { Occasion } from "./policy.ts";
import type { ResultCache } from "./result-cache.ts";
import type { VerdictCache } from "./verdict-cache.ts";
import type { View } from "./view.ts";

/** Where the object that wants to run the image lives. */
export interface NamespaceInfo {
  readonly name: string;
  /** Absent: the namespace has not been seen, so that any label may be there or not. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface VerifyRequest {
  /** As it was asked for; echoed in the report. */
  readonly image: string;
  /** Of a reference with a tag and a digest the digest counts, as for the kubelet. */
  readonly reference: Reference;
  /** What sentences call it, in place of its repository; for an image that is in none. */
  readonly called?: string;
  readonly view: View;
  /** Absent on the command line. */
  readonly namespace?: NamespaceInfo;
  /** The view is the namespace's, and not the cluster's. */
  readonly isTenant?: true;
}

export interface VerifyDeps {
  readonly clock: Clock;
  readonly memory: OrderMemory;
  readonly results: ResultCache;
  /** Absent: policies with an expression stay open. */
  readonly expressions?: Expressions;
  /** Absent: every verification is done anew. */
  readonly verdicts?: VerdictCache;
  /** For the whole verification, in ms. Default 30 s (design 6.7). */
  readonly totalMs?: number;
  /** After which a second Store of the same location is asked too, in ms. Default 250. */
  readonly hedgeMs?: number;
}

/** An image of which the digest is known. */
export interface JudgeRequest extends VerifyRequest {
  readonly digest: Digest;
  /** What stood in the way of resolving a tag, by Store. */
  readonly failures: ReadonlyMap<string, Failure>;
  readonly budget: Budget;
  readonly occasion: Occasion;
}
