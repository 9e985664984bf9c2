import { Renewals } from "../../keychain/renewals.ts";
import type { AuthProviderDeps } from "../../keychain/ports.ts";
import type { EcrTarget } from "./ecr-host.ts";
import type { RoleSession, RoleSource } from "./role.ts";

/** A session that ends sooner is not taken over from another region, in ms. */
const shortestRestMs = 60_000;

/**
 * The sessions of one identity. A session is good in every region of its partition, so that one is enough however many registries there are; a new one is
 * asked for where the registry is that needs it, so that a region whose STS fails takes no other down.
 */
export class Sessions {
  readonly #source: RoleSource;
  readonly #clock: AuthProviderDeps["clock"];
  readonly #renewals: Renewals<RoleSession>;

  constructor(source: RoleSource, { clock, random }: Pick<AuthProviderDeps, "clock" | "random">) {
    this.#source = source;
    this.#clock = clock;
    this.#renewals = new Renewals({ clock, random });
  }

  /** @throws CredentialUnavailableError, or the signal's reason */
  async get(target: EcrTarget, signal: AbortSignal): Promise<RoleSession> {
    return await this.#renewals.get(this.#keyFor(target), this.#fetcher(target), signal);
  }

  /** AWS has refused `refused`: another session, or undefined where that one is young (Renewals). */
  async renew(target: EcrTarget, refused: RoleSession, signal: AbortSignal): Promise<RoleSession | undefined> {
    return await this.#renewals.renew(
      this.#keyFor(target),
      { isRefused: (session) => session === refused, fetch: this.#fetcher(target) },
      signal,
    );
  }

  #fetcher(target: EcrTarget) {
    return (signal: AbortSignal): Promise<RoleSession> => this.#source.fetch(target, signal);
  }

  #keyFor(target: EcrTarget): string {
    const { group, place } = this.#source.group(target);
    const known = this.#renewals.known();
    const isGood = (key: string): boolean => (known.get(key)?.value?.expiresAt ?? 0) - shortestRestMs > this.#clock.now();
    const own = `${group}/${place}`;
    if (isGood(own)) return own;
    return [...known.keys()].find((key) => key.startsWith(`${group}/`) && isGood(key)) ?? own;
  }
}
