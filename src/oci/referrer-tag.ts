import { type Digest, digestAlgorithm, digestHex } from "./digest.ts";

/** `sha256-<hex>`: under this tag stands the index of the referrers where a registry has no API for them (distribution-spec v1.1.1 §referrers-tag-schema). */
export function referrersTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject).slice(0, 64)}`;
}

/** `sha256-<hex>.sig`: where cosign keeps its legacy signatures. */
export function cosignSignatureTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject)}.sig`;
}
