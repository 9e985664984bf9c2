import { Secret } from "../../src/kernel/secret.ts";
import type { KeyMaterialReader, KeyProvider, KeyProviderDeps } from "../../src/trust/ports.ts";

/** Objects by `Kind/name`: the version of each, and its data. The uid is the key unless it says another. */
export type Objects = Readonly<
  Record<string, { readonly uid?: string; readonly version: string; readonly data: Readonly<Record<string, string>> }>
>;

/** Reads from memory; a data key of a Secret that was not asked for is not there. */
export function materialOf(objects: Objects): KeyMaterialReader {
  return {
    secret: (name, keys) => {
      const found = objects[`Secret/${name}`];
      if (found === undefined) return undefined;
      const data = Object.entries(found.data).flatMap(([key, text]) =>
        keys.includes(key) ? [[key, new Secret(new Uint8Array(Buffer.from(text)))] as const] : [],
      );
      return { uid: found.uid ?? `Secret/${name}`, resourceVersion: found.version, data: new Map(data) };
    },
    configMap: (name) => {
      const found = objects[`ConfigMap/${name}`];
      if (found === undefined) return undefined;
      return { uid: found.uid ?? `ConfigMap/${name}`, resourceVersion: found.version, data: new Map(Object.entries(found.data)) };
    },
  };
}

/** For a KeyProvider called `release-keys`, unless it is called otherwise. */
export function keyDeps(
  options: { readonly name?: string; readonly objects?: Objects; readonly previous?: KeyProvider } = {},
): KeyProviderDeps {
  const { name = "release-keys", objects = {}, previous } = options;
  return { name, spec: "uid/1", material: materialOf(objects), ...(previous !== undefined && { previous }) };
}
