import { apiVersion, group } from "../api/kinds.ts";
import { kinds, resourceKinds } from "../api/object.ts";
import type { ManifestObject } from "./parse.ts";

/** Kinds of Kubernetes that objects of ours refer to, each in its own namespace. */
export const materialKinds: ReadonlySet<string> = new Set(["Secret", "ConfigMap", "ServiceAccount"]);
const clusterKinds: ReadonlySet<string> = new Set(kinds);
const namespacedKinds: ReadonlySet<string> = new Set(resourceKinds.filter((kind) => !clusterKinds.has(kind)));

/** RFC 1123, as the API server wants names to be; a slash in one would make it another object's key. */
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Where objects have to be to be read. */
export interface Place {
  /** The operator's own. */
  readonly namespace: string;
  /** Namespaces in which there are namespaced objects of ours. */
  readonly tenants: ReadonlySet<string>;
}

export type Belonging =
  /** `keys`: what it is known by; with two, an object of the operator's namespace that objects of that namespace refer to as well. */
  | { readonly verdict: "ours"; readonly keys: readonly string[]; readonly object: Readonly<Record<string, unknown>> }
  | { readonly verdict: "other" }
  | { readonly verdict: "wrong"; readonly message: string };

/** The namespace of an object of a namespaced kind of ours; undefined for everything else. */
export function tenantOf({ apiVersion: version, kind, namespace }: ManifestObject): string | undefined {
  return version === apiVersion && namespacedKinds.has(kind) ? namespace : undefined;
}

/**
 * Whether an object of a file is one that Countersign reads: its own kinds, Secrets, ConfigMaps and ServiceAccounts of the operator's namespace and of those
 * that namespaced objects live in, and Namespaces. Whatever else a directory holds is left alone; what is meant for us and misspelt is a problem, since an
 * object that silently is not there could widen a verdict.
 */
export function belongs(manifest: ManifestObject, place: Place): Belonging {
  const { kind } = manifest;
  const [prefix = "", suffix] = manifest.apiVersion.split("/");
  if (manifest.apiVersion === apiVersion) return ownBelonging(manifest, place);
  if (prefix.includes("countersign") || prefix === group) {
    return { verdict: "wrong", message: `apiVersion "${manifest.apiVersion}" is not known; write "${apiVersion}"` };
  }
  if (prefix !== "v1" || suffix !== undefined) return { verdict: "other" };
  if (kind === "Namespace") return namespaceBelonging(manifest);
  return materialKinds.has(kind) ? materialBelonging(manifest, place) : { verdict: "other" };
}

function ownBelonging(manifest: ManifestObject, place: Place): Belonging {
  const { kind, name, namespace } = manifest;
  const isNamespaced = namespacedKinds.has(kind);
  if (!isNamespaced && !clusterKinds.has(kind)) {
    const known = `${kinds.join(", ")}; of a namespace, with "Namespaced" in front`;
    return { verdict: "wrong", message: `kind "${kind}" is not one of ${apiVersion}: ${known}` };
  }
  if (!subdomain.test(name))
    return { verdict: "wrong", message: `${kind} has a metadata.name that is not one: write a-z, 0-9, "-" and "."` };
  if (!isNamespaced) {
    // The API server takes no notice of it. The operator's own is what tools write that give every object a namespace; any other is a mistake.
    if (namespace === undefined || namespace === place.namespace) return { verdict: "ours", keys: [name], object: asStored(manifest) };
    return {
      verdict: "wrong",
      message: `${kind}/${name} belongs to the whole cluster and has no namespace; for one there is Namespaced${kind}`,
    };
  }
  if (namespace === undefined)
    return { verdict: "wrong", message: `${kind}/${name} has no metadata.namespace; write the one that it is for` };
  if (!label.test(namespace)) return { verdict: "wrong", message: `${kind}/${name} has a metadata.namespace that is no namespace's name` };
  return { verdict: "ours", keys: [`${namespace}/${name}`], object: asStored(manifest) };
}

function materialBelonging(manifest: ManifestObject, place: Place): Belonging {
  const { kind, name, namespace = place.namespace } = manifest;
  const isTenants = place.tenants.has(namespace);
  if (namespace !== place.namespace && !isTenants) return { verdict: "other" };
  const wrong = subdomain.test(name) ? dataProblem(kind, manifest.object) : 'has a name that is not one: write a-z, 0-9, "-" and "."';
  if (wrong !== undefined) return { verdict: "wrong", message: `${kind}/${name}: ${wrong}` };
  return {
    verdict: "ours",
    keys: [...(namespace === place.namespace ? [name] : []), ...(isTenants ? [`${namespace}/${name}`] : [])],
    object: kind === "Secret" ? withStringData(manifest.object) : manifest.object,
  };
}

/** Of a Namespace only its labels are looked at. */
function namespaceBelonging({ apiVersion: version, kind, name, object }: ManifestObject): Belonging {
  if (!label.test(name)) return { verdict: "wrong", message: "Namespace has a metadata.name that is no namespace's name" };
  const labels = recordOf(recordOf(object["metadata"])["labels"]);
  const [wrong] = Object.entries(labels).flatMap(([key, value]) => (typeof value === "string" ? [] : [key]));
  if (wrong !== undefined) return { verdict: "wrong", message: `Namespace/${name}: label "${wrong}" is not a string; put it in quotes` };
  return { verdict: "ours", keys: [name], object: { apiVersion: version, kind, metadata: { name, labels } } };
}

/** As the API server stores it: a namespace exactly if the kind has one, and no status but the one that the operator writes. */
function asStored({ kind, namespace, object }: ManifestObject): Readonly<Record<string, unknown>> {
  const { status: _status, ...rest } = object;
  const { namespace: _namespace, ...metadata } = recordOf(object["metadata"]);
  return { ...rest, metadata: { ...metadata, ...(namespacedKinds.has(kind) && { namespace }) } };
}

/** What the API server would refuse; its refusal is loud, and so is this. */
function dataProblem(kind: string, object: Readonly<Record<string, unknown>>): string | undefined {
  for (const field of kind === "ServiceAccount" ? [] : ["data", "stringData"]) {
    for (const [key, value] of Object.entries(recordOf(object[field]))) {
      if (typeof value !== "string") return `${field}["${key}"] is not a string; put it in quotes`;
      if (kind === "Secret" && field === "data" && !isBase64(value))
        return `data["${key}"] is not base64; write it under stringData as it is`;
    }
  }
  return undefined;
}

/** `stringData` of a Secret goes into `data`, and before what is there, as with the API server. */
function withStringData(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { stringData, data, ...rest } = object;
  const plain = Object.entries(recordOf(data)).map(([key, value]) => [key, String(value).replaceAll(/[\r\n]/g, "")] as const);
  const encoded = Object.entries(recordOf(stringData)).map(
    ([key, value]) => [key, Buffer.from(String(value), "utf8").toString("base64")] as const,
  );
  return { ...rest, data: Object.fromEntries([...plain, ...encoded]) };
}

/** Line breaks are allowed, as Go's decoder does: a block scalar ends with one. */
function isBase64(text: string): boolean {
  const joined = text.replaceAll(/[\r\n]/g, "");
  return joined.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(joined);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}
