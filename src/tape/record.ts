import type { Expressions } from "../engine/expression.ts";
import type { Report } from "../engine/report.ts";
import type { NamespaceInfo } from "../engine/request.ts";
import { ResultCache } from "../engine/result-cache.ts";
import { type Realms, verifyRealms } from "../engine/verify-realms.ts";
import type { Clock } from "../kernel/clock.ts";
import { InvariantError } from "../kernel/error.ts";
import type { Reference } from "../oci/reference.ts";
import type { KeyProvider } from "../trust/ports.ts";
import { encodeTape } from "./encode-tape.ts";
import { RecordSequence } from "./record-sequence.ts";
import { sequencedClock } from "./sequenced-clock.ts";
import { sequencedExpressions } from "./sequenced-verifier.ts";
import { sequencedRealms } from "./sequenced-view.ts";
import { type Tape, type TapeCredential, tapeFormat, type TapeKeyProvider, type TapeVerifier, tapeVersion } from "./tape.ts";
import { toTapeRealms } from "./view-data.ts";

export interface RecordRequest {
  readonly image: string;
  readonly reference: Reference;
  readonly realms: Realms;
  readonly namespace?: NamespaceInfo;
  readonly credentials: readonly TapeCredential[];
  /** What a Verifier of the views is built from. */
  readonly origin: (verifier: string) => VerifierOrigin;
}
export interface VerifierOrigin {
  /** `spec` as it stands in the manifest. */
  readonly spec: object;
  /** By id: those that the spec names and that exist. */
  readonly keyProviders: ReadonlyMap<string, KeyProvider>;
}
export interface RecordDeps {
  readonly clock: Clock;
  /** Absent: policies with an expression stay open. */
  readonly expressions?: Expressions;
  /** As of `VerifyDeps`. */
  readonly totalMs?: number;
  readonly hedgeMs?: number;
}
export interface Recording {
  readonly report: Report;
  /** The bytes of the recording, with the report as it was printed, and by which version. @throws TapeError TAPE_TOO_LARGE */
  encode(printed: { readonly report: object; readonly recordedBy: string }): Uint8Array;
}

/**
 * Verifies an image, anew, and keeps everything that it was made of. The verdict is that of `verifyRealms` for the same answers in the same order; it takes two
 * turns of the event loop more for each.
 */
export async function record(request: RecordRequest, deps: RecordDeps, signal: AbortSignal): Promise<Recording> {
  const { image, reference, namespace, realms } = request;
  const { clock, expressions, totalMs, hedgeMs } = deps;
  const data = toTapeRealms(realms, reference.repository);
  const verifiers = verifiersOf(realms);
  const trust = trustOf([...verifiers.keys()], request.origin);
  const startTime = clock.now();
  const sequence = new RecordSequence(clock);
  using stop = sequence.stop(signal);
  const views = sequencedRealms(data, { store: storesOf(realms), verifier: (name) => found(verifiers, name) }, sequence);
  const report = await verifyRealms(
    { image, reference, realms: views, ...(namespace !== undefined && { namespace }) },
    {
      clock: sequencedClock(sequence, startTime),
      // What earlier verifications left behind is no part of this one.
      memory: new Map<string, string>(),
      results: new ResultCache(),
      ...(expressions !== undefined && { expressions: sequencedExpressions(expressions, sequence) }),
      ...(totalMs !== undefined && { totalMs }),
      ...(hedgeMs !== undefined && { hedgeMs }),
    },
    stop.signal,
  );
  const tape: Omit<Tape, "report" | "recordedBy"> = {
    format: tapeFormat,
    version: tapeVersion,
    image,
    ...(namespace !== undefined && { namespace }),
    startTime,
    realms: data,
    ...trust,
    credentials: request.credentials,
    events: sequence.close(),
    content: sequence.content.all,
  };
  return { report, encode: (printed) => encodeTape({ ...tape, ...printed }) };
}

function verifiersOf({ cluster, namespaced }: Realms) {
  const entries = [...cluster.verifiers, ...(namespaced?.verifiers ?? [])];
  return new Map(entries.flatMap(({ name, verifier }) => (verifier === undefined ? [] : [[name, { verifier }] as const])));
}

function storesOf({ cluster, namespaced }: Realms) {
  const stores = new Map([...cluster.stores, ...(namespaced?.stores ?? [])].map(({ name, store }) => [name, store] as const));
  return (name: string) => stores.get(name);
}

function trustOf(
  names: readonly string[],
  origin: RecordRequest["origin"],
): { readonly verifiers: readonly TapeVerifier[]; readonly keyProviders: readonly TapeKeyProvider[] } {
  const origins = names.toSorted().map((name) => ({ name, ...origin(name) }));
  const providers = new Map(origins.flatMap(({ keyProviders }) => [...keyProviders]));
  return {
    verifiers: origins.map(({ name, spec }) => ({ name, spec })),
    keyProviders: [...providers].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, provider]) => toTapeKeyProvider(name, provider)),
  };
}

/** Public keys only, whatever they were read from. */
function toTapeKeyProvider(name: string, provider: KeyProvider): TapeKeyProvider {
  const { problem } = provider;
  const keys = provider.keys().map(({ name: keyName, key }) => {
    if (key.type !== "public") throw new InvariantError("A verifier trusts what is no public key");
    return { name: keyName, publicKey: key.export({ type: "spki", format: "pem" }) };
  });
  return { name, keys, ...(problem !== undefined && { problem }) };
}

function found<T>(entries: ReadonlyMap<string, T>, name: string): T {
  const entry = entries.get(name);
  if (entry === undefined) throw new InvariantError("A verifier of the view is not there");
  return entry;
}
