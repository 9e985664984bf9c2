import { type Location, type Resolved, type Store, StoreError, type StoreReader } from "../engine/store.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { digestOf } from "../oci/digest-of.ts";
import type { Repository } from "../oci/repository.ts";
import { InvariantError } from "../kernel/error.ts";
import { type Answer, toTapeDescriptor } from "./outcome.ts";
import type { Sequence } from "./sequence.ts";

/** Where a Store reads, as it was when the verification began: no more is needed of it than this and its answers. */
export interface Place extends Location {
  readonly identity: string;
  readonly authority: string;
  readonly repositories: readonly Repository[];
}

/** A Store whose answers come through the sequence. */
export class SequencedStore implements Store {
  readonly name: string;
  readonly #place: Place | "lost";
  readonly #label: string;
  readonly #sequence: Sequence;
  readonly #source: StoreReader | undefined;

  /** `realm`: which of the two verifications asks. `source` is absent in a replay. */
  constructor(
    store: { readonly name: string; readonly realm: string; readonly place: Place | "lost"; readonly source?: StoreReader },
    sequence: Sequence,
  ) {
    this.name = store.name;
    this.#place = store.place;
    this.#label = `${store.realm} ${store.name}`;
    this.#source = store.source;
    this.#sequence = sequence;
  }

  locate(): Location {
    const { key, host } = this.#known();
    return { key, host };
  }

  identity(): string {
    return this.#known().identity;
  }

  authority(): string {
    return this.#known().authority;
  }

  repositories(): readonly Repository[] {
    return this.#known().repositories;
  }

  endpoints(): readonly string[] {
    return [];
  }

  /** Nobody probes what is recorded. */
  probe(): Promise<never> {
    return Promise.reject(new InvariantError("A recorded store was probed"));
  }

  async resolve(
    repository: Repository,
    reference: { readonly tag: string } | { readonly digest: Digest },
    signal: AbortSignal,
  ): Promise<Resolved> {
    const call = this.#sequence.name(`${this.#label} resolve ${"tag" in reference ? reference.tag : reference.digest}`);
    const answer = await this.#sequence.answer(call, async () => toResolved(await this.#ask().resolve(repository, reference, signal)));
    if (answer.type !== "resolved") throw alien(call);
    const { descriptor, platforms } = answer;
    return { ...descriptor, ...(platforms !== undefined && { platforms }) };
  }

  listReferrers(repository: Repository, subject: Descriptor, signal: AbortSignal): AsyncIterable<Descriptor> {
    return this.#list(`list ${subject.digest}`, () => this.#ask().listReferrers(repository, subject, signal));
  }

  listTagged(repository: Repository, subject: Descriptor, signal: AbortSignal): AsyncIterable<Descriptor> {
    return this.#list(`tag ${subject.digest}`, () => this.#ask().listTagged(repository, subject, signal));
  }

  /** What a recording holds is no better proven than what a registry serves: it is checked as that is. */
  async fetch(repository: Repository, descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
    const { content } = this.#sequence;
    const call = this.#sequence.name(`${this.#label} fetch ${descriptor.digest} ${descriptor.size}`);
    const answer = await this.#sequence.answer(call, async () => ({
      type: "content",
      digest: content.keep(await this.#ask().fetch(repository, descriptor, signal)),
    }));
    const bytes = answer.type === "content" ? content.get(answer.digest) : undefined;
    if (bytes === undefined) throw alien(call);
    if (bytes.byteLength === descriptor.size && digestOf(bytes, descriptor.digest) === descriptor.digest) return bytes;
    throw new StoreError({ class: "ProtocolError", message: `${this.locate().host}: other bytes than those of ${descriptor.digest}` });
  }

  /** Each entry is asked for by itself, and so is the end. Annotations of a listing are left out: nobody has checked them, and nobody looks at them. */
  #list(what: string, start: () => AsyncIterable<Descriptor>): AsyncIterable<Descriptor> {
    const listing = this.#sequence.name(`${this.#label} ${what}`);
    let source: AsyncIterator<Descriptor> | undefined;
    const next = async (): Promise<IteratorResult<Descriptor>> => {
      const call = this.#sequence.name(`${listing} entry`);
      const answer = await this.#sequence.answer(call, async () => {
        source ??= start()[Symbol.asyncIterator]();
        return toEntry(await source.next());
      });
      if (answer.type === "end") return { done: true, value: undefined };
      if (answer.type !== "entry") throw alien(call);
      return { done: false, value: answer.descriptor };
    };
    const end = async (): Promise<IteratorResult<Descriptor>> => {
      await source?.return?.();
      return { done: true, value: undefined };
    };
    return { [Symbol.asyncIterator]: () => ({ next, return: end }) };
  }

  #known(): Place {
    if (this.#place === "lost") throw new TypeError("The store could not say where it reads");
    return this.#place;
  }

  #ask(): StoreReader {
    if (this.#source === undefined) throw new InvariantError("A store was asked in a replay");
    return this.#source;
  }
}

function toResolved({ platforms, ...descriptor }: Resolved): Answer {
  return {
    type: "resolved",
    descriptor: toTapeDescriptor(descriptor),
    ...(platforms !== undefined && { platforms: platforms.map(toTapeDescriptor) }),
  };
}

function toEntry(next: IteratorResult<Descriptor>): Answer {
  return next.done === true ? { type: "end" } : { type: "entry", descriptor: toTapeDescriptor(next.value) };
}

/** Only a recording that was changed answers so. */
function alien(call: string): StoreError {
  return new StoreError({ class: "ProtocolError", message: `The recording has no such answer to "${call.slice(0, 200)}"` });
}
