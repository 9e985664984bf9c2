import { apiVersion, group } from "../api/kinds.ts";
import { kinds } from "../api/object.ts";
import type { ManifestObject } from "./parse.ts";

/** Kinds of Kubernetes that objects of ours refer to, all in one namespace. */
export const materialKinds: ReadonlySet<string> = new Set(["Secret", "ConfigMap", "ServiceAccount"]);
const ownKinds: ReadonlySet<string> = new Set(kinds);

export type Belonging =
  | { readonly verdict: "ours"; readonly object: Readonly<Record<string, unknown>> }
  | { readonly verdict: "other" }
  | { readonly verdict: "wrong"; readonly message: string };

/**
 * Whether an object of a file is one that Countersign reads: its own kinds, and Secrets, ConfigMaps and ServiceAccounts of one namespace. Whatever else a
 * directory holds is left alone; what is meant for us and misspelt is a problem, since an object that silently is not there could widen a verdict.
 */
export function belongs(manifest: ManifestObject, namespace: string): Belonging {
  const { kind } = manifest;
  const [prefix = "", suffix] = manifest.apiVersion.split("/");
  if (manifest.apiVersion === apiVersion) {
    if (ownKinds.has(kind)) return { verdict: "ours", object: asOwn(manifest.object) };
    return { verdict: "wrong", message: `kind "${kind}" is not one of ${apiVersion}: ${kinds.join(", ")}` };
  }
  if (prefix.includes("countersign") || prefix === group) {
    return { verdict: "wrong", message: `apiVersion "${manifest.apiVersion}" is not known; write "${apiVersion}"` };
  }
  if (prefix !== "v1" || suffix !== undefined || !materialKinds.has(kind)) return { verdict: "other" };
  if ((manifest.namespace ?? namespace) !== namespace) return { verdict: "other" };
  const wrong = dataProblem(kind, manifest.object);
  if (wrong !== undefined) return { verdict: "wrong", message: `${kind}/${manifest.name}: ${wrong}` };
  return { verdict: "ours", object: kind === "Secret" ? withStringData(manifest.object) : manifest.object };
}

/** Of a cluster-scoped object, as the API server stores it: no namespace, and no status but the one that the operator writes. */
function asOwn(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { status: _status, ...rest } = object;
  const { namespace: _namespace, ...metadata } = recordOf(object["metadata"]);
  return { ...rest, metadata };
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
