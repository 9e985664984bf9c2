import type { Failure } from "../api/error-class.ts";
import { raceSignal } from "../kernel/clock.ts";
import { CodedError } from "../kernel/error.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Repository } from "../oci/repository.ts";
import type { Budget } from "./budget.ts";
import type { ByteBudget } from "./bytes.ts";
import type { Findings } from "./evidence.ts";
import { describeFailure, toFailure } from "./failure.ts";
import type { Found } from "./found.ts";
import { limitExceeded } from "./limits.ts";
import type { Reader } from "./locations.ts";

export interface ReadDeps {
  readonly repository: Repository;
  /** What the artifacts refer to: the image, or an artifact of it. */
  readonly subject: Descriptor;
  readonly findings: Findings;
  readonly budget: Budget;
  /** Of the image, and of everything that refers to it. */
  readonly bytes: ByteBudget;
}

/** What could not be found out about one artifact. */
export class ArtifactError extends CodedError<"ENGINE_LAYER_UNREADABLE"> {}

/** A Store and what it is asked for. */
export interface Source {
  readonly reader: Reader;
  readonly descriptor: Descriptor;
}

/**
 * Where the manifest has not been asked for yet: first the Stores that named it, in the order in which they did, each by its own descriptor (one that
 * lies about the size spoils its own claim only), then the others of those locations.
 */
export function untriedSources(found: Found): readonly Source[] {
  const named = found.claims.map(({ reader, descriptor }) => ({ reader, descriptor }));
  const others = found.claims.flatMap(({ group, descriptor }) => group.readers.map((reader) => ({ reader, descriptor })));
  return [...named, ...others].filter((source) => !found.attempts.has(attemptKey(source)));
}

/** Asks one source and remembers that it was asked; undefined if it did not have it. One that serves other bytes than it named is marked (design 6.3). */
export async function readManifest(found: Found, source: Source, deps: ReadDeps, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const bytes = await fetchFrom(source, { found, limit: "manifestBytes" }, deps, signal);
  const store = source.reader.name;
  if (!(bytes instanceof Uint8Array)) {
    found.attempts.set(attemptKey(source), { store, failure: bytes });
    return undefined;
  }
  found.attempts.set(attemptKey(source), { store });
  found.readFrom = store;
  return bytes;
}

/** From where the manifest was read, then from whoever else may have it. @throws ArtifactError ENGINE_LAYER_UNREADABLE */
export async function readLayer(found: Found, layer: Descriptor, deps: ReadDeps, signal: AbortSignal): Promise<Uint8Array> {
  const failures: { readonly store: string; readonly failure: Failure }[] = [];
  for (const reader of layerReaders(found)) {
    const bytes = await fetchFrom({ reader, descriptor: layer }, { found, limit: "blobBytes" }, deps, signal);
    if (bytes instanceof Uint8Array) return bytes;
    failures.push({ store: reader.name, failure: bytes });
  }
  found.layerUnread = failures.every(({ failure }) => failure.class === "LimitExceeded") ? "limit" : "failure";
  const why = failures.map(({ store, failure }) => describeFailure(store, failure)).join("; ");
  throw new ArtifactError("ENGINE_LAYER_UNREADABLE", `A layer of the artifact could not be read: ${why}`, { remedy: "retry" });
}

function layerReaders(found: Found): readonly Reader[] {
  const rank = (reader: Reader): number => (reader.name === found.readFrom ? 0 : 1);
  const readers = [...found.claims.map((claim) => claim.reader), ...found.claims.flatMap((claim) => claim.group.readers)];
  return [...new Set(readers)].toSorted((a, b) => rank(a) - rank(b));
}

async function fetchFrom(
  { reader, descriptor }: Source,
  { found, limit }: { readonly found: Found; readonly limit: "manifestBytes" | "blobBytes" },
  deps: ReadDeps,
  signal: AbortSignal,
): Promise<Uint8Array | Failure> {
  signal.throwIfAborted();
  const { name, limits, store, timeoutMs } = reader;
  const { host } = store.locate(deps.repository);
  const fail = (failure: Failure): Failure => {
    deps.findings.addFailure(name, failure);
    return failure;
  };
  const { size } = descriptor;
  const hit = { limits, store: name };
  if (size > limits[limit])
    return fail(limitExceeded(`${host}: a ${limit === "blobBytes" ? "layer" : "manifest"} of ${size} bytes`, { ...hit, limit }));
  const claim = { store: name, limits, subject: deps.subject.digest, artifact: found.digest, size };
  if (!deps.bytes.take(claim))
    return fail(limitExceeded(`${host}: the artifacts have more bytes together`, { ...hit, limit: "totalBytes" }));
  using deadline = deps.budget.deadline(timeoutMs, signal);
  try {
    return await raceSignal(store.fetch(deps.repository, descriptor, deadline.signal), deadline.signal);
  } catch (error) {
    signal.throwIfAborted();
    return fail(toFailure(error, { host, timeoutMs }));
  }
}

function attemptKey({ reader, descriptor }: Source): string {
  return `${reader.name} ${descriptor.size} ${descriptor.mediaType}`;
}
