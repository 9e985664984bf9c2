import type { VerifyInput } from "../../engine/verifier.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { TrustedKey } from "../../trust/ports.ts";
import type { Claims } from "./annotations.ts";
import { decodeBundle, type EnvelopeBundle, isBundleMediaType, longestBundle, preAuthEncoding } from "./bundle.ts";
import { type Finding, noneOf, reject, type Rejection } from "./finding.ts";
import { type Judging, judgeSignature } from "./judging.ts";
import { judgeStatement, notASignature, signPredicateType } from "./statement.ts";

/** cosign repeats the predicate type here; it is not signed, so it may only spare us a read. */
const predicateAnnotation = "dev.sigstore.bundle.predicateType";

export function isBundle({ artifactType, layers }: VerifyInput["artifact"]): boolean {
  return isBundleMediaType(artifactType) || layers.some((layer) => isBundleMediaType(layer.mediaType));
}

/** What the signatures of a bundle came to; `cutAt` is set if there were more than that, and the others were not looked at. */
export interface BundleFindings {
  readonly findings: readonly Finding[];
  readonly cutAt?: number;
}

/** Judges an artifact whose one layer is a Sigstore bundle. @throws {StoreError} when the layer cannot be read */
export async function judgeBundle(input: VerifyInput, judging: Judging, signal: AbortSignal): Promise<BundleFindings> {
  const bundle = await readSignature(input, signal);
  if ("outcome" in bundle) return { findings: [bundle] };
  const message = preAuthEncoding(bundle.payloadType, bundle.payload);
  const { keys, mostSignatures: most } = judging.keyring;
  const unknown = (): Rejection => noKey(bundle, keys);
  const findings: Finding[] = [];
  for (const signature of bundle.signatures.slice(0, most))
    findings.push(await judgeSignature({ message, signature, claims: bundle.claims }, { ...judging, unknown }, signal));
  return { findings, ...(bundle.signatures.length > most && { cutAt: most }) };
}

/** The bundle, if it holds a signature of the subject, whoever made it. */
async function readSignature(input: VerifyInput, signal: AbortSignal): Promise<(EnvelopeBundle & { readonly claims: Claims }) | Rejection> {
  const { artifact, subject } = input;
  const predicateType = artifact.annotations.get(predicateAnnotation);
  if (predicateType !== undefined && predicateType !== signPredicateType) return notASignature(predicateType);
  const layer = onlyBundle(artifact.layers);
  if (layer === undefined) return reject("Malformed", "The artifact does not have exactly one bundle as its layer");
  if (layer.size > longestBundle)
    return reject("UnsupportedFormat", `The bundle is larger than ${longestBundle} bytes, as no signature is`);
  const decoded = decodeBundle(await input.fetch(layer, signal));
  if (!decoded.ok) return reject("Malformed", decoded.message);
  const bundle = decoded.value;
  if (bundle.content === "messageSignature")
    return reject("UnsupportedFormat", "The bundle signs a file and not an image: it has no in-toto statement");
  // Before any signature is computed: what is not a signature of this image is none whoever signed it.
  const claims = judgeStatement(bundle, subject.digest);
  return "outcome" in claims ? claims : { ...bundle, claims };
}

function onlyBundle(layers: readonly Descriptor[]): Descriptor | undefined {
  const [layer] = layers;
  return layers.length === 1 && layer !== undefined && isBundleMediaType(layer.mediaType) ? layer : undefined;
}

/** Why none of `keys` fits: the hint tells a key that we do not know from a signature that was damaged. */
function noKey(bundle: EnvelopeBundle, keys: readonly TrustedKey[]): Rejection {
  if (bundle.hasCertificate) return reject("UnsupportedFormat", "The bundle is signed with a certificate (keyless); only keys are judged");
  if (keys.some((key) => hintOf(key) === bundle.hint))
    return reject("BadSignature", "The bundle names a trusted key, and its signature does not verify with it");
  return reject("NoTrustedKey", noneOf(keys));
}

/** As cosign writes it: base64 of the SHA-256 of the SubjectPublicKeyInfo. */
function hintOf(key: TrustedKey): string {
  return Buffer.from(key.fingerprint.slice("sha256:".length), "hex").toString("base64");
}
