import { Secret } from "../kernel/secret.ts";
import type { ConfigMapMaterial, MaterialReader, SecretMaterial, ServiceAccountMaterial } from "../keychain/ports.ts";

/** Kinds that objects of ours refer to, all in the own namespace. */
export const materialKinds = ["Secret", "ConfigMap", "ServiceAccount"] as const;
export type MaterialKind = (typeof materialKinds)[number];

/** Raw object of the source's cache, or undefined where there is none. */
export type ReadRaw = (kind: string, name: string) => unknown;

/** A reader that remembers what was asked for, names that do not exist included: creating one wakes who waits for it (operator.md 1.5). */
export class RecordingReader implements MaterialReader {
  readonly #read: ReadRaw;
  /** `Secret/name` → `uid/resourceVersion`, or `absent`. */
  readonly versions = new Map<string, string>();

  constructor(read: ReadRaw) {
    this.#read = read;
  }

  /** `uid/resourceVersion` of an object now, or `absent`. */
  version(kind: string, name: string): string {
    const raw = this.#read(kind, name);
    return raw === undefined ? "absent" : versionOf(raw);
  }

  secret(name: string, keys?: readonly string[]): SecretMaterial | undefined {
    const raw = this.#record("Secret", name);
    if (raw === undefined) return undefined;
    const data = new Map<string, Secret<Uint8Array>>();
    const encoded = record(raw["data"]);
    for (const key of keys ?? Object.keys(encoded)) {
      // A Secret may hold a private key beside the public one: what is not asked for is not looked at.
      const value = Object.hasOwn(encoded, key) ? encoded[key] : undefined;
      if (typeof value === "string") data.set(key, new Secret(new Uint8Array(Buffer.from(value, "base64"))));
    }
    return { name, ...identity(raw), type: text(raw["type"]) ?? "Opaque", data };
  }

  configMap(name: string): ConfigMapMaterial | undefined {
    const raw = this.#record("ConfigMap", name);
    if (raw === undefined) return undefined;
    const data = new Map<string, string>();
    for (const [key, value] of Object.entries(record(raw["data"]))) if (typeof value === "string") data.set(key, value);
    return { name, ...identity(raw), data };
  }

  serviceAccount(name: string): ServiceAccountMaterial | undefined {
    const raw = this.#record("ServiceAccount", name);
    if (raw === undefined) return undefined;
    const listed: unknown = raw["imagePullSecrets"];
    const imagePullSecrets = Array.isArray(listed) ? listed.flatMap((item: unknown) => text(record(item)["name"]) ?? []) : [];
    return { name, ...identity(raw), imagePullSecrets };
  }

  #record(kind: MaterialKind, name: string): Record<string, unknown> | undefined {
    const raw = this.#read(kind, name);
    this.versions.set(`${kind}/${name}`, this.version(kind, name));
    return raw === undefined ? undefined : record(raw);
  }
}

/** `uid/resourceVersion` of a raw object: changes whenever its content does, and tells nothing of it. */
export function versionOf(raw: unknown): string {
  const { uid, resourceVersion } = identity(record(raw));
  return `${uid}/${resourceVersion}`;
}

function identity(raw: Record<string, unknown>): { readonly uid: string; readonly resourceVersion: string } {
  const metadata = record(raw["metadata"]);
  return { uid: text(metadata["uid"]) ?? "", resourceVersion: text(metadata["resourceVersion"]) ?? "" };
}
function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
