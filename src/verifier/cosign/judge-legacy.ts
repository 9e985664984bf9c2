import type { VerifyInput } from "../../engine/verifier.ts";
import { mapLimited } from "../../kernel/limit.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { mediaTypes } from "../../oci/media-type.ts";
import { decodeBase64 } from "./base64.ts";
import { type Finding, noneOf, reject, type Rejection } from "./finding.ts";
import { type Judging, judgeSignature } from "./judging.ts";
import { judgePayload, longestPayload } from "./simple-signing.ts";

const signatureAnnotation = "dev.cosignproject.cosign/signature";
const certificateAnnotation = "dev.sigstore.cosign/certificate";
/** Of one artifact; each is a read and a try with every key. */
const mostSignatures = 64;
/** RSA 8192 has 1024. */
const longestSignature = 1024;
const readingAtOnce = 4;

/** What could be found out of the layers, and what could not. */
export interface LegacyFindings {
  readonly findings: readonly Finding[];
  /** Why some layers were not judged. */
  readonly unread: readonly unknown[];
  /** Set if there were more signatures than this, and the others were not looked at. */
  readonly cutAt?: number;
}

/** Judges every layer of cosign's older form: the layer is what was signed, its annotation the signature. One that cannot be read does not hide the others. */
export async function judgeLegacy(input: VerifyInput, judging: Judging, signal: AbortSignal): Promise<LegacyFindings> {
  const layers = input.artifact.layers.filter((layer) => layer.mediaType === mediaTypes.cosignSimpleSigning);
  const most = Math.min(mostSignatures, judging.keyring.mostSignatures);
  // Two people who sign the same image sign the same bytes: read once.
  const payloads = new Map<string, Promise<Uint8Array>>();
  const read = (layer: Descriptor): Promise<Uint8Array> => {
    const payload = payloads.get(layer.digest) ?? input.fetch(layer, signal);
    payloads.set(layer.digest, payload);
    return payload;
  };
  const unread: unknown[] = [];
  const findings = await mapLimited(
    layers.slice(0, most),
    async (layer): Promise<Finding | undefined> => {
      try {
        return await judgeLayer(layer, { ...judging, read, subject: input.subject.digest }, signal);
      } catch (error) {
        signal.throwIfAborted();
        unread.push(error);
        return undefined;
      }
    },
    { concurrency: readingAtOnce, signal },
  );
  return { findings: findings.filter((finding) => finding !== undefined), unread, ...(layers.length > most && { cutAt: most }) };
}

interface LayerDeps extends Judging {
  readonly read: (layer: Descriptor) => Promise<Uint8Array>;
  readonly subject: string;
}

async function judgeLayer(layer: Descriptor, { read, subject, ...judging }: LayerDeps, signal: AbortSignal): Promise<Finding> {
  const text = layer.annotations?.get(signatureAnnotation);
  if (text === undefined || text === "") return reject("NotASignature", `The layer has no annotation ${signatureAnnotation}`);
  const signature = decodeBase64(text, longestSignature);
  if (signature === undefined) return reject("Malformed", `The annotation ${signatureAnnotation} is not base64`);
  if (layer.size > longestPayload) return reject("Malformed", `The signed payload is larger than ${longestPayload} bytes`);
  const message = await read(layer);
  const claims = judgePayload(message, subject);
  if ("outcome" in claims) return claims;
  const unknown = (): Rejection =>
    (layer.annotations?.get(certificateAnnotation) ?? "") === ""
      ? reject("NoTrustedKey", `${noneOf(judging.keyring.keys)}, or it was damaged`)
      : reject("UnsupportedFormat", "The signature was made with a certificate (keyless); only keys are judged");
  return await judgeSignature({ message, signature, claims }, { ...judging, unknown }, signal);
}
