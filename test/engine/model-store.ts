import type { ErrorClass } from "../../src/api/error-class.ts";
import { defaultLimits, type StoreLimits } from "../../src/api/store.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { parseRepository, type Repository } from "../../src/oci/repository.ts";
import { type EndpointObservation, type Location, type Store, StoreError } from "../../src/engine/store.ts";
import type { ViewStore } from "../../src/engine/view.ts";
import type { ModelArtifact } from "./model-artifact.ts";

/** What a method of the port does: give this, fail in this class, or never answer. */
export type Answer<T> = T | ErrorClass | "silence" | "defect";

export interface Script {
  /** `Location.key`; stores with the same are one location. Default "evidence.example/app". */
  readonly location?: string;
  /** Stores with the same would send the same credential. Default the store's own name. */
  readonly identity?: string;
  /** Where the image's own manifest would be read; "layout": nowhere. Default "registry.example/app". */
  readonly target?: string;
  /** Who may answer for the target: default one and the same for all. */
  readonly authority?: string;
  readonly tags?: Readonly<Record<string, Digest>>;
  /** What an index names, by its digest. */
  readonly indexes?: Readonly<Record<string, readonly Descriptor[]>>;
  /** "hidden": NotFound by a registry that does not show the repository. */
  readonly resolve?: ErrorClass | "silence" | "defect" | "hidden";
  readonly referrers?: Answer<readonly ModelArtifact[]>;
  /** Of artifacts that are evidence themselves, by their digest; default what `referrers` says. */
  readonly referrersOf?: Readonly<Record<string, Answer<readonly ModelArtifact[]>>>;
  /** After this many entries the listing fails in the class of `cut`. */
  readonly cutAfter?: number;
  readonly cut?: ErrorClass;
  readonly tagged?: Answer<readonly ModelArtifact[]>;
  /** How reading fails, of everything. "ProtocolError": other bytes under the digest. */
  readonly fetch?: ErrorClass | "silence" | "defect";
  /** What can be read though it is not listed. */
  readonly holds?: readonly ModelArtifact[];
  /** Waits before each answer, by what is asked: `list`, `tag`, `fetch`, `resolve`. */
  readonly before?: (call: string) => Promise<void>;
}

export interface ModelStore extends Store {
  /** What was asked, in order: `resolve v1`, `list`, `tag`, `fetch sha256:…`. */
  readonly calls: readonly string[];
  /** Signals that were handed in and have aborted, by call. */
  aborted(): readonly string[];
}

/** A Store by a script: it keeps to the port, and fails as it is told. */
export function modelStore(name: string, script: Script = {}): ModelStore {
  const calls: string[] = [];
  const signals: [string, AbortSignal][] = [];
  const location: Location = { key: script.location ?? "evidence.example/app", host: `${name}.example` };
  const content = new Map<Digest, Uint8Array>();
  for (const list of [script.referrers, script.tagged, script.holds, ...Object.values(script.referrersOf ?? {})])
    if (Array.isArray(list))
      for (const { descriptor, bytes, layers } of list as readonly ModelArtifact[]) {
        content.set(descriptor.digest, bytes);
        for (const [digest, layer] of layers) content.set(digest, layer);
      }

  const enter = async (call: string, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    calls.push(call);
    signals.push([call, signal]);
    await script.before?.(call.split(" ")[0] ?? "");
    signal.throwIfAborted();
  };
  const give = async function* (
    answer: Answer<readonly ModelArtifact[]> | undefined,
    call: string,
    signal: AbortSignal,
  ): AsyncIterable<Descriptor> {
    await enter(call, signal);
    if (typeof answer === "string") await fail(answer, name, signal);
    const list = Array.isArray(answer) ? (answer as readonly ModelArtifact[]) : [];
    for (const [at, artifact] of list.entries()) {
      if (call === "list" && at === script.cutAfter) await fail(script.cut ?? "ConnectionReset", name, signal);
      signal.throwIfAborted();
      yield artifact.listed ?? artifact.descriptor;
    }
  };

  return {
    name,
    calls,
    aborted: () => signals.flatMap(([call, signal]) => (signal.aborted ? [call] : [])),
    locate: () => location,
    identity: () => script.identity ?? name,
    repositories: () => (script.target === "layout" ? [] : [repository(script.target ?? "registry.example/app")]),
    authority: () => script.authority ?? "https",
    async resolve(_repository, reference, signal) {
      await enter(`resolve ${"tag" in reference ? reference.tag : reference.digest}`, signal);
      if (script.resolve === "hidden") throw new StoreError(failure("NotFound", name).failure, { isUnproven: true });
      if (script.resolve !== undefined) await fail(script.resolve, name, signal);
      const digest = "digest" in reference ? reference.digest : script.tags?.[reference.tag];
      if (digest === undefined) throw failure("NotFound", name);
      const platforms = script.indexes?.[digest];
      return { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 500, ...(platforms !== undefined && { platforms }) };
    },
    listReferrers: (_repository, { digest }, signal) => give(script.referrersOf?.[digest] ?? script.referrers, "list", signal),
    listTagged: (_repository, { digest }, signal) => give(script.referrersOf?.[digest] === undefined ? script.tagged : [], "tag", signal),
    async fetch(_repository, { digest }, signal) {
      await enter(`fetch ${digest}`, signal);
      if (script.fetch !== undefined) await fail(script.fetch, name, signal);
      const bytes = content.get(digest);
      if (bytes === undefined) throw failure("NotFound", name);
      return bytes;
    },
    endpoints: () => [],
    probe: (endpoint): Promise<EndpointObservation> => Promise.resolve({ endpoint, source: "probe", time: 0, latencyMs: 0 }),
  };
}

export function failure(errorClass: ErrorClass, name: string): StoreError {
  return new StoreError({ class: errorClass, message: `${name}.example fails as it was told` });
}

export type EntryOptions = Partial<Omit<ViewStore, "name" | "store" | "limits">> & { readonly limits?: Partial<StoreLimits> };

/** As a View has it; Required, 2 s, the limits of the schema, unless said otherwise. */
export function entry(store: Store, options: EntryOptions = {}): ViewStore {
  return { name: store.name, evidence: "Required", timeoutMs: 2000, ...options, limits: { ...defaultLimits, ...options.limits }, store };
}

export function repository(text: string): Repository {
  const parsed = parseRepository(text);
  if (!parsed.ok) throw new TypeError(parsed.message);
  return parsed.value;
}

async function fail(how: ErrorClass | "silence" | "defect", name: string, signal: AbortSignal): Promise<void> {
  if (how === "defect") throw new TypeError("not what the port allows");
  if (how !== "silence") throw failure(how, name);
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  await promise;
}
