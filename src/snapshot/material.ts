import { objectId } from "../api/object.ts";
import { Secret } from "../kernel/secret.ts";
import type { ConfigMapMaterial, MaterialReader, SecretMaterial, ServiceAccountMaterial } from "../keychain/ports.ts";

/** Kinds that objects of ours refer to: a cluster-scoped object to those of the operator's namespace, a namespaced one to those of its own. */
export const materialKinds = ["Secret", "ConfigMap", "ServiceAccount"] as const;
export type MaterialKind = (typeof materialKinds)[number];

/** Raw object of the source's cache by its id (`name`, or `namespace/name`), undefined where there is none, or what says that there may be one. */
export type ReadRaw = (kind: string, id: string) => unknown;

/** In the place of an object that may exist and cannot be seen. */
export class Withheld {
  /** One word: another one is a difference to whoever refers to the object. */
  readonly reason: string;
  readonly message: string;

  constructor(reason: string, message: string) {
    this.reason = reason;
    this.message = message;
  }
}

/**
 * A reader of one namespace that remembers what was asked for, names that do not exist included: creating one wakes who waits for it (operator.md 1.5).
 * Whoever it is handed to reaches nothing of another namespace, whatever name it asks for.
 */
export class RecordingReader implements MaterialReader {
  readonly #read: ReadRaw;
  readonly #namespace: string | undefined;
  readonly #withheld = new Map<MaterialKind, string>();
  /** `Secret/name`, or `Secret/namespace/name` → `uid/resourceVersion`, `absent`, or `withheld/` and why. */
  readonly versions = new Map<string, string>();

  /** `namespace`: absent for the operator's. */
  constructor(read: ReadRaw, namespace: string | undefined) {
    this.#read = read;
    this.#namespace = namespace;
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

  withheld(kind: MaterialKind): string | undefined {
    return this.#withheld.get(kind);
  }

  #record(kind: MaterialKind, name: string): Record<string, unknown> | undefined {
    // No object has such a name, though a ServiceAccount may list it: as an id it would be one of another namespace.
    if (name.includes("/")) return undefined;
    const id = objectId({ name, ...(this.#namespace !== undefined && { namespace: this.#namespace }) });
    const raw = this.#read(kind, id);
    this.versions.set(`${kind}/${id}`, versionOf(raw));
    if (!(raw instanceof Withheld)) return raw === undefined ? undefined : record(raw);
    this.#withheld.set(kind, raw.message);
    return undefined;
  }
}

/** Whether everything that was read stands as it did. */
export function isUnchanged(versions: ReadonlyMap<string, string>, read: ReadRaw): boolean {
  for (const [key, version] of versions) {
    const slash = key.indexOf("/");
    if (versionOf(read(key.slice(0, slash), key.slice(slash + 1))) !== version) return false;
  }
  return true;
}

/** What a revision says of what was read. */
export function materialParts(versions: ReadonlyMap<string, string>): string[] {
  return [...versions].map(([key, version]) => `${key}=${version}`).toSorted();
}

/** `uid/resourceVersion` of a raw object, `absent`, or why it is withheld: changes whenever its content does, and tells nothing of it. */
export function versionOf(raw: unknown): string {
  if (raw === undefined) return "absent";
  if (raw instanceof Withheld) return `${withheld}${raw.reason}`;
  const { uid, resourceVersion } = identity(record(raw));
  return `${uid}/${resourceVersion}`;
}

const withheld = "withheld/";

/** Of a version that {@link versionOf} made of a {@link Withheld}: its reason. */
export function withheldReason(version: string): string | undefined {
  return version.startsWith(withheld) ? version.slice(withheld.length) : undefined;
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
