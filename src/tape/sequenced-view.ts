import type { StoreReader } from "../engine/store.ts";
import type { Verifier } from "../engine/verifier.ts";
import type { Realms } from "../engine/verify-realms.ts";
import type { View, ViewStore, ViewVerifier } from "../engine/view.ts";
import { parseRepository } from "../oci/repository.ts";
import type { Sequence } from "./sequence.ts";
import { type Place, SequencedStore } from "./sequenced-store.ts";
import { sequencedVerifier } from "./sequenced-verifier.ts";
import { TapeError } from "./tape-error.ts";
import type { Tape, TapePlace, TapeStore, TapeView, TapeViewVerifier } from "./tape.ts";

/** What stands behind the recorded data: in a recording the real Stores, in a replay none. */
export interface Sources {
  readonly store: (name: string) => StoreReader | undefined;
  readonly verifier: (name: string) => { readonly verifier: Verifier; readonly problem?: string };
}

/** The views of recorded data, everything in which goes through the sequence. The same Verifier in both realms is one, and so is what is remembered of it. */
export function sequencedRealms(realms: Tape["realms"], sources: Sources, sequence: Sequence): Realms {
  const verifiers = new Map<string, ReturnType<Sources["verifier"]>>();
  const verifierOf = (name: string): ReturnType<Sources["verifier"]> => {
    const known = verifiers.get(name);
    if (known !== undefined) return known;
    const source = sources.verifier(name);
    const wrapped = { ...source, verifier: sequencedVerifier(source.verifier, sequence) };
    verifiers.set(name, wrapped);
    return wrapped;
  };
  const build = (realm: string, { revision, stores, verifiers: entries, policies }: TapeView): View => ({
    revision,
    policies,
    stores: stores.map((entry) => toViewStore(entry, { realm, sources }, sequence)),
    verifiers: entries.map((entry) => toViewVerifier(entry, verifierOf)),
  });
  return {
    cluster: build("cluster", realms.cluster),
    ...(realms.namespaced !== undefined && { namespaced: build("namespace", realms.namespaced) }),
  };
}

function toViewStore(
  { place, ...entry }: TapeStore,
  { realm, sources }: { readonly realm: string; readonly sources: Sources },
  sequence: Sequence,
): ViewStore {
  if (place === undefined) return entry;
  const { name } = entry;
  const source = sources.store(name);
  return {
    ...entry,
    store: new SequencedStore({ name, realm, place: toPlace(place), ...(source !== undefined && { source }) }, sequence),
  };
}

function toPlace(place: TapePlace | "lost"): Place | "lost" {
  if (place === "lost") return place;
  const repositories = place.repositories.map((text) => {
    const parsed = parseRepository(text);
    if (parsed.ok) return parsed.value;
    throw new TapeError("TAPE_INVALID", "The recording has a store that reads from what is no repository");
  });
  return { key: place.key, host: place.host, identity: String(place.identity), authority: String(place.authority), repositories };
}

/** A problem that shows when it is built again counts, whether it was recorded or not. */
function toViewVerifier({ isBuilt, ...entry }: TapeViewVerifier, verifierOf: Sources["verifier"]): ViewVerifier {
  if (isBuilt !== true) return entry;
  const { verifier, problem } = verifierOf(entry.name);
  return { ...entry, ...(problem !== undefined && entry.problem === undefined && { problem }), verifier };
}
