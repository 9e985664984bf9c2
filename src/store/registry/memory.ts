import { LRUCache } from "lru-cache";
import type { Clock } from "../../kernel/clock.ts";
import type { Digest } from "../../oci/digest.ts";
import { printRepository, registryOf, type Repository } from "../../oci/repository.ts";
import type { Shelf } from "./contents.ts";

export type ReferrersAPI = "Supported" | "Unsupported";

/** How long a registry's lack of a referrers API is believed, in ms (registry-auth.md 6.1: 24 h). */
const capabilityTtlMs = 86_400_000;
const mostHosts = 1024;
/** A repository that was read this long ago is still one that the credential reads, in ms: one verification, not more. */
const proofTtlMs = 10_000;
const mostProofs = 4096;

/** What one Store has learnt from answers; all of it bounded, none of it a verdict. */
export class Memory {
  readonly #clock: Clock;
  readonly #capabilities = new LRUCache<string, { readonly api: ReferrersAPI; readonly until: number }>(atMost(mostHosts));
  readonly #proofs = new LRUCache<string, number>(atMost(mostProofs));
  readonly #contents: Shelf;

  constructor(clock: Clock, contents: Shelf) {
    this.#clock = clock;
    this.#contents = contents;
  }

  referrersAPI(repository: Repository): ReferrersAPI | undefined {
    const known = this.#capabilities.get(registryOf(repository));
    return known !== undefined && this.#clock.monotonic() < known.until ? known.api : undefined;
  }

  learnReferrersAPI(repository: Repository, api: ReferrersAPI): void {
    this.#capabilities.set(registryOf(repository), { api, until: this.#clock.monotonic() + capabilityTtlMs });
  }

  /** Whether this credential (`sentAs` of an answer) has lately read from the repository. */
  isReadable(repository: Repository, sentAs: string): boolean {
    const until = this.#proofs.get(proofKey(repository, sentAs));
    return until !== undefined && this.#clock.monotonic() < until;
  }

  learnReadable(repository: Repository, sentAs: string): void {
    this.#proofs.set(proofKey(repository, sentAs), this.#clock.monotonic() + proofTtlMs);
  }

  /** Bytes that have been checked against their digest. */
  content(repository: Repository, digest: Digest): Uint8Array | undefined {
    return this.#contents.get(`${printRepository(repository)} ${digest}`);
  }

  keepContent(repository: Repository, digest: Digest, bytes: Uint8Array): void {
    this.#contents.set(`${printRepository(repository)} ${digest}`, bytes);
  }
}

/** As `max`, which takes the memory of all entries at once: ten thousand Stores, of which few are asked, would hold a gigabyte. */
function atMost(entries: number): { readonly maxSize: number; readonly sizeCalculation: () => number } {
  return { maxSize: entries, sizeCalculation: () => 1 };
}

function proofKey(repository: Repository, sentAs: string): string {
  return `${printRepository(repository)} ${sentAs}`;
}
