import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-type.ts";
import type { Repository } from "../oci/repository.ts";
import type { Budget } from "./budget.ts";
import { describeFailure, toFailure } from "./failure.ts";
import type { Findings, Found } from "./evidence.ts";
import type { Reader } from "./locations.ts";
import type { ResultCache } from "./result-cache.ts";
import type { Artifact, VerificationResult, Verifier, VerifyInput } from "./verifier.ts";

export interface JudgeDeps {
  readonly repository: Repository;
  readonly subject: Descriptor;
  readonly verifiers: readonly Verifier[];
  readonly findings: Findings;
  /** Every Store of the location that named the artifact, the one that listed it first. */
  readonly readers: readonly Reader[];
  readonly budget: Budget;
  readonly results: ResultCache;
}

/** Reads one artifact and asks every verifier that applies, once; writes what was found into `found`. Rejects only with the signal's reason. */
export async function judge(found: Found, deps: JudgeDeps, signal: AbortSignal): Promise<void> {
  const bytes = await read(found, found.descriptor, deps, signal);
  if (bytes === undefined) return;
  const artifact = toArtifact(found, bytes);
  if (typeof artifact === "string") {
    // Whoever may push can name rubbish as a referrer: that is a finding about the artifact, conclusive, and the store is told of it.
    reject(found, deps, { reason: "Malformed", message: artifact });
    if (found.readFrom !== undefined)
      deps.findings.addFailure(found.readFrom, {
        class: "ProtocolError",
        message: `An artifact that was listed is malformed: ${artifact}`,
      });
    return;
  }
  found.artifactType = artifact.artifactType;
  if (!found.byTag && artifact.subject !== deps.subject.digest) {
    reject(found, deps, { reason: "WrongSubject", message: "The artifact names another subject than the one that it was listed for" });
    if (found.readFrom !== undefined)
      deps.findings.addFailure(found.readFrom, { class: "ProtocolError", message: "An artifact of another subject was listed" });
    return;
  }
  const input: VerifyInput = { subject: deps.subject, artifact, fetch: (layer, aborted) => readLayer(found, layer, deps, aborted) };
  const applicable = deps.verifiers.filter((verifier) => verifier.canVerify({ ...found.descriptor, artifactType: artifact.artifactType }));
  await Promise.all(applicable.map(async (verifier) => found.results.push(await ask(verifier, input, deps.results, signal))));
  signal.throwIfAborted();
  found.judged = true;
}

async function ask(verifier: Verifier, input: VerifyInput, results: ResultCache, signal: AbortSignal): Promise<VerificationResult> {
  const artifact = input.artifact.descriptor.digest;
  const known = results.get(verifier, artifact, input.subject.digest);
  if (known !== undefined) return known;
  try {
    const result = await verifier.verify(input, signal);
    if (result.outcome !== "inconclusive") results.set(verifier, { artifact, subject: input.subject.digest }, result);
    return result;
  } catch (error) {
    // Stopped because nothing depends on it any more, or because the time is up: that is no finding of the verifier's.
    signal.throwIfAborted();
    const cause =
      error instanceof LayerUnreadable ? error.message : toFailure(error, { host: `Verifier/${verifier.name}`, timeoutMs: 0 }).message;
    return { outcome: "inconclusive", verifier: verifier.name, artifact, cause };
  }
}

/** No Store that may have the layer gave it. */
class LayerUnreadable extends Error {
  override readonly name = "LayerUnreadable";
}

async function readLayer(found: Found, layer: Descriptor, deps: JudgeDeps, signal: AbortSignal): Promise<Uint8Array> {
  const failures: string[] = [];
  for (const reader of inReadingOrder(found, deps.readers)) {
    const bytes = await fetchFrom(reader, layer, deps, signal);
    if (bytes instanceof Uint8Array) return bytes;
    failures.push(describeFailure(reader.name, bytes));
  }
  throw new LayerUnreadable(`A layer of the artifact could not be read: ${failures.join("; ")}`);
}

/** From the first Store that has it, then the next; one that serves other bytes than it named is marked, and the next is asked (design 6.3). */
async function read(found: Found, descriptor: Descriptor, deps: JudgeDeps, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const failures: { readonly store: string; readonly failure: ReturnType<typeof toFailure> }[] = [];
  for (const reader of inReadingOrder(found, deps.readers)) {
    const bytes = await fetchFrom(reader, descriptor, deps, signal);
    if (bytes instanceof Uint8Array) {
      found.readFrom = reader.name;
      return bytes;
    }
    failures.push({ store: reader.name, failure: bytes });
  }
  found.unreadable = failures;
  return undefined;
}

async function fetchFrom(
  reader: Reader,
  descriptor: Descriptor,
  deps: JudgeDeps,
  signal: AbortSignal,
): Promise<Uint8Array | ReturnType<typeof toFailure>> {
  const host = reader.store.locate(deps.repository).host;
  if (descriptor.size > reader.limits.blobBytes) {
    const failure = {
      class: "LimitExceeded",
      message: `An artifact of ${descriptor.size} bytes is larger than limits.blobBytes (${reader.limits.blobBytes}) of Store/${reader.name}`,
    } as const;
    deps.findings.addFailure(reader.name, failure);
    return failure;
  }
  using deadline = deps.budget.deadline(reader.timeoutMs, signal);
  try {
    return await reader.store.fetch(deps.repository, descriptor, deadline.signal);
  } catch (error) {
    signal.throwIfAborted();
    const failure = toFailure(error, { host, timeoutMs: reader.timeoutMs });
    deps.findings.addFailure(reader.name, failure);
    return failure;
  }
}

/** Where it was read before, then who named it, then the others of the location. */
function inReadingOrder(found: Found, readers: readonly Reader[]): readonly Reader[] {
  const rank = (reader: Reader): number => (reader.name === found.readFrom ? 0 : found.claims.has(reader) ? 1 : 2);
  return [...new Set([...readers, ...found.claims])].toSorted((a, b) => rank(a) - rank(b));
}

function toArtifact(found: Found, bytes: Uint8Array): Artifact | string {
  const parsed = parseManifest(bytes);
  if (!parsed.ok) return parsed.message;
  const manifest = parsed.value;
  return {
    descriptor: { mediaType: manifest.mediaType, digest: found.descriptor.digest, size: bytes.length },
    // Of what cosign's tag names the tag is the type: its config is an image's.
    artifactType: manifest.artifactType ?? (found.byTag ? mediaTypes.cosignSignature : manifest.config.mediaType),
    layers: manifest.layers,
    annotations: manifest.annotations,
    ...(manifest.subject !== undefined && { subject: manifest.subject.digest }),
  };
}

function reject(found: Found, deps: JudgeDeps, why: { readonly reason: "Malformed" | "WrongSubject"; readonly message: string }): void {
  const artifact: Digest = found.descriptor.digest;
  found.results.push(
    ...deps.verifiers
      .filter((verifier) => verifier.canVerify(found.descriptor))
      .map((verifier): VerificationResult => ({ outcome: "rejected", verifier: verifier.name, artifact, ...why })),
  );
  found.judged = true;
}
