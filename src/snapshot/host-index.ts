import type { Pattern } from "../oci/pattern.ts";
import { parseRegistryHost, registryOf } from "../oci/repository.ts";

/** What is told of an AuthProvider. */
interface Provider {
  /** Its id. */
  readonly name: string;
  readonly revision: string;
  readonly patterns: readonly Pattern[];
}
interface Wild {
  readonly pattern: Pattern;
  readonly provider: Provider;
}

/** Which AuthProviders of a view have a pattern for a registry host, whatever the path: asked once per host of ten thousand Stores. */
export class HostIndex {
  readonly #literal = new Map<string, Set<Provider>>();
  readonly #wild: Wild[] = [];

  constructor(providers: readonly Provider[]) {
    for (const provider of providers) {
      for (const pattern of provider.patterns) {
        if (pattern.wildcards > 0) {
          this.#wild.push({ pattern, provider });
          continue;
        }
        const host = registryOf({ host: pattern.labels.join("."), port: pattern.port });
        const there = this.#literal.get(host) ?? new Set();
        this.#literal.set(host, there.add(provider));
      }
    }
  }

  /** `endpoint`: canonical `host[:port]`. */
  find(endpoint: string): readonly Provider[] {
    const parsed = parseRegistryHost(endpoint);
    if (!parsed.ok) return [];
    const { host, port } = parsed.value;
    const labels = host.split(".");
    const wild = this.#wild.filter(
      ({ pattern }) =>
        pattern.port === port &&
        pattern.labels.length === labels.length &&
        pattern.labels.every((label, at) => label === "*" || label === labels[at]),
    );
    return [...new Set([...(this.#literal.get(registryOf({ host, port })) ?? []), ...wild.map(({ provider }) => provider)])];
  }
}
