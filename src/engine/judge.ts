import { raceSignal } from "../kernel/clock.ts";
import type { Limit } from "../kernel/limit.ts";
import type { Digest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { applicable, artifactTypeOf, type Content, type Found, isClaimTrue, refusalOf } from "./found.ts";
import { ArtifactError, type ReadDeps, readLayer, readManifest, untriedSources } from "./read.ts";
import type { ResultCache } from "./result-cache.ts";
import { StoreError } from "./store.ts";
import type { Artifact, Signer, VerificationResult, Verifier, VerifyInput } from "./verifier.ts";
import { describeObject } from "./view.ts";

export interface JudgeDeps extends ReadDeps {
  readonly verifiers: readonly Verifier[];
  readonly results: ResultCache;
  /** Whether one of these Verifiers verified a signature on an artifact (design 6.4); rejects only with the signal's reason. */
  readonly signed: (found: Found, wanted: Wanted, signal: AbortSignal) => Promise<Signed>;
  /** How many signers of what a Verifier found may matter to a policy; more are not looked for. */
  readonly signersWanted: (verifier: string) => number;
  /** Artifacts of one location that are worked on at a time. */
  readonly reading: Limit;
  /** Called after every result: the caller stops everything as soon as the outcome can no longer change. */
  readonly progressed: () => void;
}

/** Whose signatures on an artifact count, and how many signers are enough. */
export interface Wanted {
  readonly verifiers: readonly string[];
  readonly signers: number;
}

/** What is known of the signatures on an artifact that is itself evidence. */
export type Signed =
  /** `incomplete`: why there may be more. */
  | { readonly value: "true"; readonly signers: readonly Signer[]; readonly incomplete?: string }
  | { readonly value: "false" }
  | { readonly value: "unknown"; readonly cause: string };

/**
 * Reads one artifact and asks every verifier that applies, once. A claim that comes while this goes on is taken up by it; one that comes later starts it
 * again where it could change something, so that the outcome does not depend on which Store answered first. Each location that names it waits for a place
 * of its own, and the first to have one does the work: a location full of what it never serves holds up nobody else's. Rejects only with the signal's reason.
 */
export async function examine(found: Found, deps: JudgeDeps, signal: AbortSignal): Promise<void> {
  while (hasWork(found, deps)) {
    await deps.reading.run(async () => {
      if (hasWork(found, deps)) await (found.task ??= work(found, deps, signal));
    }, signal);
  }
  // No wait between the last look and this: a claim cannot slip in unseen.
  settle(found, deps);
}

async function work(found: Found, deps: JudgeDeps, signal: AbortSignal): Promise<void> {
  try {
    while (hasStep(found, deps)) await step(found, deps, signal);
  } finally {
    delete found.task;
  }
}

function hasWork(found: Found, deps: JudgeDeps): boolean {
  // Somebody is at it: between what has been read and what follows from it there is a moment in which nothing is left to be asked for.
  if (found.task !== undefined) return true;
  return hasStep(found, deps);
}

function hasStep(found: Found, deps: JudgeDeps): boolean {
  return found.content === undefined ? untriedSources(found).length > 0 : unasked(found, deps).length > 0;
}

async function step(found: Found, deps: JudgeDeps, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (found.content === undefined) {
    const [source] = untriedSources(found);
    const bytes = source === undefined ? undefined : await readManifest(found, source, deps, signal);
    if (bytes !== undefined) found.content = toContent(bytes);
    return;
  }
  if (found.content.kind === "malformed") return;
  const layers = new Map<Digest, Promise<Uint8Array>>();
  const input: VerifyInput = {
    subject: deps.subject,
    artifact: toArtifact(found, found.content),
    fetch: (layer) => {
      // Verifiers of the same artifact share what they read.
      const read = layers.get(layer.digest) ?? readLayer(found, layer, deps, signal);
      layers.set(layer.digest, read);
      // Whoever awaits it sees the error; a verifier that drops what it asked for must not end the process.
      read.catch(() => {});
      return read;
    },
  };
  await Promise.all(
    unasked(found, deps).map(async (verifier) => {
      const result = await signedResult(await ask(verifier, input, deps, signal), { verifier, found }, deps, signal);
      deps.findings.record(found, result);
      deps.progressed();
    }),
  );
}

function unasked(found: Found, deps: JudgeDeps): readonly Verifier[] {
  if (refusalOf(found, deps.subject.digest) !== undefined) return [];
  return applicable(found, deps.verifiers).filter((verifier) => !found.results.has(verifier.name));
}

/** Whoever may push can name anything as a referrer; that a Store lists what is none is the Store's ProtocolError, and conclusive. */
function settle(found: Found, deps: JudgeDeps): void {
  found.isSettled = true;
  for (const claim of found.claims) {
    if (isClaimTrue(claim, found, deps.subject.digest) !== false) continue;
    const what = found.content?.kind === "malformed" ? "is malformed" : "does not name the subject it is listed for";
    deps.findings.addFailure(claim.reader.name, { class: "ProtocolError", message: `${claim.group.location.host}: an artifact ${what}` });
  }
  deps.progressed();
}

function toContent(bytes: Uint8Array): Content {
  const parsed = parseManifest(bytes);
  if (!parsed.ok) return { kind: "malformed", message: parsed.message, size: bytes.byteLength };
  return { kind: "manifest", manifest: parsed.value, size: bytes.byteLength };
}

function toArtifact(found: Found, { manifest, size }: Extract<Content, { kind: "manifest" }>): Artifact {
  return {
    descriptor: { mediaType: manifest.mediaType, digest: found.digest, size },
    artifactType: artifactTypeOf(found),
    layers: manifest.layers,
    annotations: manifest.annotations,
    ...(manifest.subject !== undefined && { subject: manifest.subject.digest }),
  };
}

/** Of content that counts unsigned, all together: so that "at least one" holds, and "two people" does not. */
const nobody: Signer = { id: "unsigned", name: "nobody (unsigned)" };

/** Content that nobody it is told to trust has signed says nothing. Not remembered with the verifier's result: signatures come and go. */
async function signedResult(
  result: VerificationResult,
  { verifier, found }: { readonly verifier: Verifier; readonly found: Found },
  deps: JudgeDeps,
  signal: AbortSignal,
): Promise<VerificationResult> {
  if (result.outcome !== "verified" || verifier.kind === "signature") return result;
  if (verifier.signedBy === undefined) return { ...result, signers: [nobody] };
  const { artifact } = result;
  const names = verifier.signedBy.map((name) => describeObject("Verifier", name)).join(" or ");
  const wanted = { verifiers: verifier.signedBy, signers: deps.signersWanted(verifier.name) };
  const signed = await deps.signed(found, wanted, signal);
  switch (signed.value) {
    case "true": {
      const incomplete = result.incomplete ?? signed.incomplete;
      return { ...result, signers: signed.signers, ...(incomplete !== undefined && { incomplete }) };
    }
    case "false":
      return {
        outcome: "rejected",
        verifier: verifier.name,
        artifact,
        reason: "Unsigned",
        message: `No signature on it is verified by ${names}`,
      };
    case "unknown":
      return {
        outcome: "inconclusive",
        verifier: verifier.name,
        artifact,
        cause: `Whether ${names} verifies a signature on it is not known: ${signed.cause}`,
      };
  }
}

async function ask(verifier: Verifier, input: VerifyInput, deps: JudgeDeps, signal: AbortSignal): Promise<VerificationResult> {
  const artifact = input.artifact.descriptor.digest;
  const key = { artifact, subject: input.subject.digest };
  const known = deps.results.get(verifier, key);
  if (known !== undefined) return known;
  signal.throwIfAborted();
  try {
    const result = await raceSignal(verifier.verify(input, signal), signal);
    if (result.artifact !== artifact || result.verifier !== verifier.name)
      return { outcome: "inconclusive", verifier: verifier.name, artifact, cause: "The verifier answered for something else" };
    deps.results.set(verifier, key, result);
    return result;
  } catch (error) {
    // Stopped because nothing depends on it any more, or because the time is up: that is no finding of the verifier's.
    signal.throwIfAborted();
    const isOurs = error instanceof ArtifactError || error instanceof StoreError;
    return {
      outcome: "inconclusive",
      verifier: verifier.name,
      artifact,
      cause: isOurs ? error.message : "The verifier failed in an unforeseen way",
    };
  }
}
