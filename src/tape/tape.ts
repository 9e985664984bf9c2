import type { ErrorClass } from "../api/error-class.ts";
import type { View, ViewStore, ViewVerifier } from "../engine/view.ts";
import type { Digest } from "../oci/digest.ts";

/** Of every recording, so that it can be told from any other JSON. */
export const tapeFormat = "countersign.dev/recording";
/** Changes only when a member changes its meaning or goes. */
export const tapeVersion = "v1";
/** In bytes, of the file. What one verification reads may be more (`limits.totalBytes`): then there is no recording. */
export const longestTape = 64 * 1024 * 1024;

/**
 * One verification as data (docs/reference/recording.md): what it was asked, by which objects it judged, everything that reached it from outside and in
 * which order, and the report that was printed. Nothing secret: no credential is part of any of it, and of keys only public ones.
 */
export interface Tape {
  readonly format: typeof tapeFormat;
  readonly version: typeof tapeVersion;
  /** Version of the program. */
  readonly recordedBy: string;
  readonly image: string;
  readonly namespace?: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  /** Epoch ms. */
  readonly startTime: number;
  readonly realms: { readonly cluster: TapeView; readonly namespaced?: TapeView };
  readonly verifiers: readonly TapeVerifier[];
  readonly keyProviders: readonly TapeKeyProvider[];
  /** Which credential each Store was asked with: of the report. */
  readonly credentials: readonly TapeCredential[];
  readonly events: readonly TapeEvent[];
  /** By digest, each once. */
  readonly content: ReadonlyMap<Digest, Uint8Array>;
  /** As `verify -o json` printed it. */
  readonly report: object;
}

export interface TapeView extends Pick<View, "revision" | "policies"> {
  readonly stores: readonly TapeStore[];
  readonly verifiers: readonly TapeViewVerifier[];
}
/** Everything that a view says of a Store, and of the Store itself no more than where it reads. */
export interface TapeStore extends Omit<ViewStore, "store"> {
  /** Absent for an invalid Store; `lost` for one that could not say where it reads. */
  readonly place?: TapePlace | "lost";
}
export interface TapePlace {
  readonly key: string;
  readonly host: string;
  /** Equal for two Stores of one location exactly if they sent the same credential, and a number that says nothing else. */
  readonly identity: number;
  /** Likewise: exactly if who answers for the image's own repository is held to the same. */
  readonly authority: number;
  /** `host[:port]/path`: first where evidence is read, last the image's own. */
  readonly repositories: readonly string[];
}
export interface TapeViewVerifier extends Omit<ViewVerifier, "verifier"> {
  /** Absent for an invalid one; else `verifiers` has it. */
  readonly isBuilt?: true;
}

/** What a Verifier is built from again. */
export interface TapeVerifier {
  readonly name: string;
  /** `spec` as it stood in the manifest. */
  readonly spec: object;
}
export interface TapeKeyProvider {
  readonly name: string;
  readonly keys: readonly { readonly name: string; readonly publicKey: string }[];
  readonly problem?: string;
}
export interface TapeCredential {
  readonly store: string;
  readonly outcome?: "Selected" | "Anonymous" | "Denied" | "CredentialUnavailable" | "PatternConflict";
  readonly authProvider?: { readonly name: string; readonly pattern: string };
}

/** Something that reached the verification from outside. Their order is that of the list. */
export interface TapeEvent {
  /** Milliseconds after the start. */
  readonly at: number;
  /** What was asked, and the how manieth time it was. */
  readonly call: string;
  readonly outcome: Outcome;
}
export type Outcome =
  /** What a tag or digest names; `platforms` of an index. */
  | { readonly type: "resolved"; readonly descriptor: TapeDescriptor; readonly platforms?: readonly TapeDescriptor[] }
  /** One entry of a listing, or its end. */
  | { readonly type: "entry"; readonly descriptor: TapeDescriptor }
  | { readonly type: "end" }
  /** `Tape.content` has it. */
  | { readonly type: "content"; readonly digest: Digest }
  | { readonly type: "failed"; readonly class: ErrorClass; readonly message: string; readonly retryAt?: number; readonly isUnproven?: true }
  /** It was given up, or the time was up. */
  | { readonly type: "stopped"; readonly name: "TimeoutError" | "AbortError" }
  /** A defect: what was thrown is none of what may be. */
  | { readonly type: "defect" }
  /** Of a timer. */
  | { readonly type: "fired" }
  /** Of what is found out again in a replay: when, and what it was, for comparison only. */
  | { readonly type: "found"; readonly result: string };

/** Without annotations, which whoever lists makes up and nobody looks at. */
export interface TapeDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
}
