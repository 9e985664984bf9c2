import { keyOfId } from "../api/object.ts";
import type { Credential } from "../oci/credential.ts";
import { echo } from "../oci/parsed.ts";
import { registryOf, type Repository } from "../oci/repository.ts";
import { refused, toError } from "./answer.ts";
import { refuseForeign } from "./gate.ts";
import type { AuthProvider, AuthProviderDeps, CredentialUnavailableError, ProviderState, RefreshError, Unavailable } from "./ports.ts";
import { type Renewal, Renewals } from "./renewals.ts";

/** Which credential of a cloud a repository needs: two targets of one `key` are served by the same one. */
export interface MintTarget {
  readonly key: string;
}

/** A credential fresh from the cloud. */
export interface Minted extends Omit<Credential, "revision" | "expiresAt"> {
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** What one cloud does; everything else of its provider is the same for all. */
export interface Minter<T extends MintTarget> {
  /** For sentences: `Azure Container Registry`. */
  readonly cloud: string;
  /** Who gets a credential, for the sentence that refuses one; default: the cloud. */
  readonly registries?: string;
  /** For sentences, and the status: a client id, the ARN of a role. */
  readonly identity: string;
  /**
   * The cloud's own check of the host, anchored, whatever the patterns of the object say; undefined: this is no registry of the cloud, and gets nothing
   * (CVE-2025-27403). Pure.
   */
  target(repository: Repository): T | undefined;
  /**
   * Fetches. Everything that takes time is under `signal`.
   * @throws CredentialUnavailableError
   */
  mint(target: T, signal: AbortSignal): Promise<Minted>;
  /** What is wrong before anything is asked, if something is: no cluster to get a token from, no identity in the environment. Pure. */
  readonly problem?: Unavailable;
}

/** As many failing registries are named in a status. */
const mostWarnings = 3;

/** The AuthProvider of a cloud: gates, one credential for each target, renewed before it ends (design 4). */
export function mintedProvider<T extends MintTarget>(minter: Minter<T>, deps: AuthProviderDeps): AuthProvider {
  const nonce = Math.floor(deps.random() * 2 ** 32).toString(36);
  let issued = 0;
  const renewals = new Renewals<Credential & { readonly expiresAt: number }>({
    clock: deps.clock,
    random: deps.random,
    onFetched: (key, fetched) => {
      // One line for each transition, not for each attempt.
      if (fetched.isNews) log(deps, key, fetched.failure);
      deps.fetched?.({ outcome: fetched.failure?.reason ?? "Fetched", tookMs: fetched.tookMs });
      deps.changed();
    },
  });
  /** All gates that come before anything is fetched. */
  const admit = (repository: Repository): Admission<T> => {
    const foreign = refuseForeign(deps, repository);
    if (foreign !== undefined) return refused(foreign);
    const target = minter.target(repository);
    if (target === undefined) return refused(notOfCloud(minter, deps.name, repository));
    return minter.problem === undefined ? { ok: true, target } : refused(minter.problem);
  };
  const fetcher = (target: T) => async (signal: AbortSignal) => {
    const minted = await minter.mint(target, signal);
    issued += 1;
    return { ...minted, revision: `${nonce}.${issued}` };
  };
  const admitted = (repository: Repository): T => {
    const admission = admit(repository);
    if (!admission.ok) throw toError(admission);
    return admission.target;
  };
  return {
    credentials: async (repository, signal) => {
      const target = admitted(repository);
      return [await renewals.get(target.key, fetcher(target), signal)];
    },
    renew: async (repository, revision, signal) => {
      const target = admitted(repository);
      return await renewals.renew(target.key, { isRefused: (value) => value.revision === revision, fetch: fetcher(target) }, signal);
    },
    unavailable: (repository) => {
      const admission = admit(repository);
      return admission.ok ? undefined : { reason: admission.reason, message: admission.message };
    },
    state: () => stateOf(minter, [...renewals.known()], deps.clock.now()),
  };
}

type Admission<T> = { readonly ok: true; readonly target: T } | ({ readonly ok: false } & Unavailable);

function log({ logger, name }: AuthProviderDeps, key: string, failure: CredentialUnavailableError | undefined): void {
  const fields = { authProvider: name, registry: key };
  if (failure === undefined) {
    logger.info("A credential can be fetched again", fields);
    return;
  }
  const { reason, message, requestId } = failure;
  logger.warn("A credential cannot be fetched", { ...fields, reason, message, ...(requestId !== undefined && { requestId }) });
}

function notOfCloud(
  { cloud, registries }: Pick<Minter<MintTarget>, "cloud" | "registries">,
  name: string,
  repository: Repository,
): Unavailable {
  return {
    reason: "HostNotAllowed",
    message: `${keyOfId("AuthProvider", echo(name))} gives credentials to ${registries ?? cloud} only, and ${echo(registryOf(repository))} is ${registries === undefined ? "no host of it" : "none of them"}`,
  };
}

type Known = readonly (readonly [string, Renewal<Credential & { readonly expiresAt: number }>])[];

/** Ready while it has something good to send to any registry, or has not been asked yet: one registry that refuses is no verdict on the others. */
function stateOf<T extends MintTarget>(minter: Minter<T>, known: Known, now: number): ProviderState {
  const { cloud, identity, problem } = minter;
  if (problem !== undefined) return { ready: false, ...problem, warnings: [], identity };
  const good = known.filter(([, { value }]) => value !== undefined && now < value.expiresAt);
  const failed = failedOf(known);
  const ends = good.flatMap(([, { value }]) => value?.expiresAt ?? []);
  const refreshes = known.flatMap(([, { fetchedAt }]) => fetchedAt ?? []);
  const lastError = failed[0]?.lastError ?? latest(known.flatMap(([, renewal]) => renewal.lastError ?? []));
  const details = {
    identity,
    ...(ends.length > 0 && { expiresAt: Math.min(...ends) }),
    ...(refreshes.length > 0 && { lastRefresh: Math.max(...refreshes) }),
    ...(lastError !== undefined && { lastError }),
  };
  const [first] = failed;
  if (good.length === 0 && first !== undefined) {
    const { reason, message } = first.failure;
    return { ready: false, reason, message, warnings: [], ...details };
  }
  if (known.length === 0) {
    const message = `${cloud} has not been asked for a credential of ${identity} yet`;
    return { ready: true, reason: "NotRequested", message, warnings: [], ...details };
  }
  const warnings = failed.slice(0, mostWarnings).map(({ failure }) => failure.message);
  return {
    ready: true,
    reason: "Resolved",
    message: `${cloud} takes credentials of ${identity}`,
    warnings: [...new Set(warnings)],
    ...details,
  };
}

/**
 * The registries that fail, the one that has failed for longest first: which was asked last changes with every image, and a status that says so is written for
 * each.
 */
function failedOf(known: Known): readonly { readonly failure: CredentialUnavailableError; readonly lastError: RefreshError | undefined }[] {
  return known
    .flatMap(([key, { failure, lastError }]) => (failure === undefined ? [] : [{ key, failure, lastError }]))
    .toSorted((a, b) => (a.lastError?.firstTime ?? 0) - (b.lastError?.firstTime ?? 0) || (a.key < b.key ? -1 : 1));
}

function latest(errors: readonly RefreshError[]): RefreshError | undefined {
  return errors.toSorted((a, b) => b.time - a.time)[0];
}
