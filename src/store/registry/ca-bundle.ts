import { X509Certificate } from "node:crypto";
import type { Failure } from "../../api/error-class.ts";
import type { ConfigMapKeyRef } from "../../api/store.ts";
import type { MaterialReader } from "../../keychain/ports.ts";

/** The roots that a Store trusts beside the system's, or why it cannot. */
export type CaBundle =
  | { readonly pem?: string; readonly identity: string; readonly failure?: undefined }
  | { readonly failure: Failure; readonly identity: string };

/** A bundle of all public roots is about 220 KiB. */
const longestBundle = 1_048_576;

/**
 * Read once, when the Store is built: a change of the ConfigMap builds it anew. A bundle that is missing or unreadable makes every call of the Store fail with
 * TLSFailure, which is what it would come to if the system's roots were used instead, only said plainly.
 */
export function readCaBundle(ref: ConfigMapKeyRef | undefined, material: MaterialReader): CaBundle {
  if (ref === undefined) return { identity: "" };
  const found = material.configMap(ref.name);
  if (found === undefined) {
    const withheld = material.withheld?.("ConfigMap");
    return withheld === undefined ? broken(ref, "does not exist", "absent") : broken(ref, `cannot be read: ${withheld}`, "withheld");
  }
  const identity = `${found.uid}/${found.resourceVersion}/${ref.key}`;
  const pem = found.data.get(ref.key);
  if (pem === undefined) return broken(ref, `has no key "${ref.key}"`, identity);
  if (pem.length > longestBundle) return broken(ref, `has more than ${longestBundle} bytes under "${ref.key}"`, identity);
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return broken(ref, `has no PEM certificate under "${ref.key}"`, identity);
  for (const block of blocks)
    if (!isCertificate(block)) return broken(ref, `has a certificate that cannot be read under "${ref.key}"`, identity);
  // Only the certificates: what else stands in the file (comments, a key) is nothing to hand on.
  return { pem: `${blocks.join("\n")}\n`, identity };
}

function broken(ref: ConfigMapKeyRef, detail: string, identity: string): CaBundle {
  return { failure: { class: "TLSFailure", message: `ConfigMap "${ref.name}", named by caBundleRef, ${detail}` }, identity };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false; // OpenSSL says no more than that
  }
}
