import type { ErrorClass } from "../../src/api/error-class.ts";
import { defaultLimits, type Evidence, type StoreLimits } from "../../src/api/store.ts";
import { builtInPolicy } from "../../src/engine/built-in.ts";
import { ResultCache } from "../../src/engine/result-cache.ts";
import { type Store, StoreError } from "../../src/engine/store.ts";
import type { Verifier } from "../../src/engine/verifier.ts";
import type { VerifyDeps, VerifyRequest } from "../../src/engine/request.ts";
import type { View, ViewStore } from "../../src/engine/view.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { digestOf } from "../../src/oci/digest-of.ts";
import { mediaTypes } from "../../src/oci/media-type.ts";
import type { Repository } from "../../src/oci/repository.ts";
import { ManualClock } from "../support/clock.ts";

export const repository: Repository = { host: "registry.example", port: undefined, segments: ["app"] };
export const subjectDigest = digestOf(Buffer.from("the image"));
export const otherDigest = digestOf(Buffer.from("another image"));
export const signatureType = "application/vnd.test.signature";

/** What one verifier makes of an artifact: verified by a signer, rejected, or it throws. */
export type Judgement = `by ${string}` | "rejected" | "throws";

export interface ModelArtifact {
  readonly id: number;
  readonly subject?: Digest;
  readonly type: string;
  /** By name of the verifier; default rejected. */
  readonly judgements?: Readonly<Record<string, Judgement>>;
}

/** The bytes of its manifest. */
export function bytesOf(artifact: ModelArtifact): Uint8Array {
  const empty = { mediaType: mediaTypes.empty, digest: digestOf(Buffer.from("{}")), size: 2 };
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.imageManifest,
      artifactType: artifact.type,
      config: empty,
      layers: [empty],
      ...(artifact.subject !== undefined && { subject: { ...empty, digest: artifact.subject } }),
      annotations: { id: String(artifact.id), ...artifact.judgements },
    }),
  );
}

export function digestOfArtifact(artifact: ModelArtifact): Digest {
  return digestOf(bytesOf(artifact));
}

export function descriptorOf(artifact: ModelArtifact): Descriptor {
  const bytes = bytesOf(artifact);
  return { mediaType: mediaTypes.imageManifest, digest: digestOf(bytes), size: bytes.byteLength, artifactType: artifact.type };
}

/** What a location holds; every Store that can read it sees the same. */
export interface ModelLocation {
  readonly key: string;
  readonly referrers: readonly ModelArtifact[];
  readonly tagged?: ModelArtifact;
}

export interface ModelStore {
  readonly name: string;
  readonly location: ModelLocation;
  readonly evidence?: Evidence;
  readonly identity?: string;
  readonly timeoutMs?: number;
  readonly limits?: Partial<StoreLimits>;
  /** The listing fails after so many entries. */
  readonly listingFails?: { readonly after: number; readonly class: ErrorClass };
  readonly tagFails?: ErrorClass;
  /** Serves other bytes than it was asked for. */
  readonly lies?: boolean;
  /** Does not answer, and does not listen to signals either: these methods. */
  readonly hangs?: readonly ("resolve" | "listReferrers" | "listTagged" | "fetch")[];
  /** What a tag is, and where that is read. Default: the subject, at `registry.example/app`. */
  readonly tag?: Digest | ErrorClass;
  readonly target?: string;
  readonly invalid?: boolean;
}

/** Calls that were answered or are under way, as `store method`. */
export type Trace = string[];

/** Lets a test decide in which order answers arrive. */
export type Gate = (label: string) => Promise<void>;

export const atOnce: Gate = () => Promise.resolve();

export function failure(store: string, errorClass: ErrorClass): StoreError {
  return new StoreError({ class: errorClass, message: `${store} at its host: ${errorClass}` });
}

export function viewStore(model: ModelStore, gate: Gate, trace: Trace = []): ViewStore {
  const { evidence = "Required", timeoutMs = 2_000, limits } = model;
  const entry = { name: model.name, evidence, timeoutMs, limits: { ...defaultLimits, ...limits } };
  if (model.invalid === true) return { ...entry, problem: { class: "Internal", message: `Store/${model.name} is invalid` } };
  return { ...entry, store: new FakeStore(model, gate, trace) };
}

const never = new Promise<never>(() => {});

class FakeStore implements Store {
  readonly name: string;
  readonly #model: ModelStore;
  readonly #gate: Gate;
  readonly #trace: Trace;
  constructor(model: ModelStore, gate: Gate, trace: Trace) {
    this.name = model.name;
    this.#model = model;
    this.#gate = gate;
    this.#trace = trace;
  }
  locate(): { key: string; host: string } {
    return { key: this.#model.location.key, host: "its host" };
  }
  identity(): string {
    return this.#model.identity ?? this.name;
  }
  repositories(): readonly Repository[] {
    const target = this.#model.target ?? "registry.example/app";
    return target === "layout" ? [] : [{ host: target.split("/")[0] ?? "", port: undefined, segments: target.split("/").slice(1) }];
  }
  authority(): string {
    return "https";
  }
  endpoints(): readonly string[] {
    return [];
  }
  probe(): Promise<never> {
    return never;
  }
  async resolve(): Promise<Descriptor> {
    await this.#called("resolve");
    const { tag = subjectDigest } = this.#model;
    if (!tag.startsWith("sha256:")) throw failure(this.name, tag as ErrorClass);
    return { mediaType: mediaTypes.imageManifest, digest: tag as Digest, size: 9 };
  }
  async *listReferrers(): AsyncGenerator<Descriptor> {
    await this.#called("listReferrers");
    const { listingFails, location } = this.#model;
    for (const [at, artifact] of location.referrers.entries()) {
      if (listingFails !== undefined && at >= listingFails.after) break;
      yield descriptorOf(artifact);
    }
    if (listingFails !== undefined) throw failure(this.name, listingFails.class);
  }
  async *listTagged(): AsyncGenerator<Descriptor> {
    await this.#called("listTagged");
    const { tagFails, location } = this.#model;
    if (tagFails !== undefined) throw failure(this.name, tagFails);
    if (location.tagged === undefined) return;
    const { mediaType, digest, size } = descriptorOf(location.tagged);
    yield { mediaType, digest, size };
  }
  async fetch(_: Repository, descriptor: Descriptor): Promise<Uint8Array> {
    await this.#called("fetch");
    const { location, lies } = this.#model;
    if (lies === true) throw failure(this.name, "ProtocolError");
    const all = [...location.referrers, ...(location.tagged === undefined ? [] : [location.tagged])];
    const artifact = all.find((one) => digestOfArtifact(one) === descriptor.digest);
    if (artifact !== undefined) return bytesOf(artifact);
    if (descriptor.size === 2) return Buffer.from("{}");
    throw failure(this.name, "NotFound");
  }
  async #called(method: "resolve" | "listReferrers" | "listTagged" | "fetch"): Promise<void> {
    this.#trace.push(`${this.name} ${method}`);
    if (this.#model.hangs?.includes(method) === true) await never;
    await this.#gate(`${this.name} ${method}`);
  }
}

/** Reads a layer, then does what the artifact's annotations say of it. */
export function modelVerifier(name: string, gate: Gate = atOnce, trace: Trace = []): Verifier {
  return {
    name,
    kind: "signature",
    canVerify: ({ artifactType }) =>
      artifactType === undefined || artifactType === signatureType || artifactType === mediaTypes.cosignSignature,
    verify: async ({ artifact }, signal) => {
      trace.push(`${name} verify`);
      await gate(`${name} verify`);
      signal.throwIfAborted();
      const judgement = artifact.annotations.get(name) ?? "rejected";
      if (judgement === "throws") throw new TypeError("a defect of the verifier");
      const base = { verifier: name, artifact: artifact.descriptor.digest };
      return judgement.startsWith("by ")
        ? { outcome: "verified", ...base, signers: [{ id: judgement.slice(3), name: judgement.slice(3) }] }
        : { outcome: "rejected", ...base, reason: "NoTrustedKey", message: "No trusted key" };
    },
  };
}

export function viewOf(stores: readonly ViewStore[], verifiers: readonly Verifier[]): View {
  const entries = verifiers.map((verifier) => ({ name: verifier.name, verifier }));
  return { revision: "r1", stores, verifiers: entries, policies: [builtInPolicy(entries)] };
}

export function request(
  view: View,
  reference: { readonly tag: string } | { readonly digest: Digest } = { digest: subjectDigest },
): VerifyRequest {
  return { image: "registry.example/app", reference: { repository, ...reference }, view };
}

export function newDeps(clock: ManualClock = new ManualClock()): VerifyDeps & { readonly clock: ManualClock } {
  return { clock, memory: new Map<string, string>(), results: new ResultCache() };
}

export const unaborted: AbortSignal = new AbortController().signal;
