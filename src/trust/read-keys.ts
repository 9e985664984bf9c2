import { loadPublicKey } from "../pki/public-key.ts";
import type { Reading } from "./last-good.ts";
import type { TrustedKey } from "./ports.ts";

/** A key of the spec, and where in the Secret or ConfigMap it stands. */
export interface KeyEntry {
  readonly name: string;
  /** Data key; holds one PEM block `PUBLIC KEY`. */
  readonly key: string;
}

/** A Secret or ConfigMap that exists. */
export interface KeySource {
  /** As messages name it: `Secret/release-keys`. */
  readonly label: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Text under a data key; asked for those that the entries name, and no other. */
  readonly text: (key: string) => string | undefined;
}

/** Reads every key of the spec out of one object. Nothing of a value is echoed, whatever it turns out to be. */
export function readKeys(entries: readonly KeyEntry[], source: KeySource, provider: string): Reading {
  const { label, uid, resourceVersion: version } = source;
  const keys: TrustedKey[] = [];
  const problems: string[] = [];
  for (const { name, key } of entries) {
    const text = source.text(key);
    const loaded = text === undefined ? undefined : loadPublicKey(text);
    if (loaded === undefined) problems.push(`${label} has no data key "${key}"`);
    else if (loaded.ok) keys.push({ name, provider, ...loaded.value });
    else problems.push(`data key "${key}" of ${label} ${loaded.problem}`);
  }
  const [problem] = problems;
  if (problem === undefined) return { outcome: "usable", source: uid, version, keys };
  const others = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  return { outcome: "unusable", source: uid, version, problem: `${problem}${others}` };
}
