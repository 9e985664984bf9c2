import type { View, ViewStore } from "../engine/view.ts";
import type { Realms } from "../engine/verify-realms.ts";
import type { Store } from "../engine/store.ts";
import { printRepository, type Repository } from "../oci/repository.ts";
import type { Tape, TapePlace, TapeStore, TapeView, TapeViewVerifier } from "./tape.ts";

/** What the engine sees of its configuration, as data. */
export function toTapeRealms({ cluster, namespaced }: Realms, repository: Repository): Tape["realms"] {
  const identities = new Map<string, number>();
  const convert = (view: View): TapeView => ({
    revision: view.revision,
    stores: view.stores.map((entry) => toTapeStore(entry, { repository, identities })),
    verifiers: view.verifiers.map(
      ({ name, problem, isOutOfScope, verifier }): TapeViewVerifier => ({
        name,
        ...(problem !== undefined && { problem }),
        ...(isOutOfScope === true && { isOutOfScope }),
        ...(verifier !== undefined && { isBuilt: true }),
      }),
    ),
    policies: view.policies,
  });
  return { cluster: convert(cluster), ...(namespaced !== undefined && { namespaced: convert(namespaced) }) };
}

interface Where {
  readonly repository: Repository;
  /** Whatever identities are made of (names and versions of objects), which is which is all that counts. */
  readonly identities: Map<string, number>;
}

function toTapeStore(entry: ViewStore, where: Where): TapeStore {
  const { name, evidence, timeoutMs, limits, problem, store } = entry;
  return {
    name,
    evidence,
    timeoutMs,
    limits,
    ...(problem !== undefined && { problem }),
    ...(store !== undefined && { place: placeOf(store, where) }),
  };
}

function placeOf(store: Store, { repository, identities }: Where): TapePlace | "lost" {
  try {
    const { key, host } = store.locate(repository);
    const numberOf = (text: string): number => {
      const known = identities.get(text) ?? identities.size;
      identities.set(text, known);
      return known;
    };
    return {
      key,
      host,
      identity: numberOf(`identity ${store.identity(repository)}`),
      authority: numberOf(`authority ${store.authority(repository)}`),
      repositories: store.repositories(repository).map(printRepository),
    };
  } catch {
    // The engine takes it for a failed location, whatever was thrown.
    return "lost";
  }
}
