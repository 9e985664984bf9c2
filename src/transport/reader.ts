import { parseRetryAfter } from "../kernel/retry-after.ts";
import type { Authorization } from "./authorization.ts";
import { type Hop, isRedirect, mostRedirects, nextHop } from "./redirect.ts";
import { foreignRoute, hostOf, ownRoute, type RegistryRequest, requestPath } from "./request.ts";
import { failed, TransportError } from "./transport-error.ts";
import { exchange, type WireOptions, type WireRequest, type WireResponse } from "./wire.ts";

/** An answer, and who gave it. */
export interface ReadResult {
  readonly response: WireResponse;
  /** False once a redirect has left the origin or the repository: then it is not the registry that speaks. */
  readonly isInside: boolean;
  readonly url: URL;
  /** All hops. */
  readonly latencyMs: number;
}

export interface ReaderOptions {
  readonly wire: WireOptions;
  readonly random: () => number;
}

interface ReadOptions {
  readonly authorization: Authorization | undefined;
  /** Shared by everything that one request leads to. */
  readonly budget: { retries: number };
}

/** A server that wants a longer pause is not waited for, in ms: verification has little more than a second for each store. */
const longestPauseMs = 1000;
/** Before the second try, so that those who were cut off together do not come back together, in ms. */
const jitterMs = 100;

/** One read of a registry with its redirects, and with one second try after a connection that broke or a short `Retry-After`: reads change nothing. */
export class Reader {
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  async read(request: RegistryRequest, options: ReadOptions, signal: AbortSignal): Promise<ReadResult> {
    const { access } = request;
    let hop: Hop = { origin: access.origin, path: requestPath(request), isInside: true };
    let latencyMs = 0;
    for (let redirects = 0; ; redirects += 1) {
      const response = await this.#tryTwice(wireRequest(request, hop, options.authorization), options.budget, signal);
      latencyMs += response.latencyMs;
      if (!isRedirect(response.status)) return { response, isInside: hop.isInside, url: new URL(`${hop.origin}${hop.path}`), latencyMs };
      if (redirects === mostRedirects) throw failed("ProtocolError", hostOf(access.origin), `redirects more than ${mostRedirects} times`);
      hop = nextHop(response.headers.get("location"), hop, request);
    }
  }

  async #tryTwice(request: WireRequest, budget: { retries: number }, signal: AbortSignal): Promise<WireResponse> {
    const { wire } = this.#options;
    try {
      const response = await exchange(request, wire, signal);
      const pauseMs = response.status === 503 ? this.#pause(response) : undefined;
      if (pauseMs === undefined || budget.retries === 0) return response;
      if (!(await this.#rest(pauseMs, signal))) return response;
    } catch (error) {
      if (!(error instanceof TransportError) || error.class !== "ConnectionReset" || budget.retries === 0) throw error;
      if (!(await this.#rest(0, signal))) throw error;
    }
    budget.retries -= 1;
    return await exchange(request, wire, signal);
  }

  #pause(response: WireResponse): number | undefined {
    const now = this.#options.wire.clock.now();
    const at = parseRetryAfter(response.headers.get("retry-after"), now);
    return at === undefined || at - now > longestPauseMs ? undefined : at - now;
  }

  /** False where the time ran out meanwhile: then the first answer is the best there is. */
  async #rest(ms: number, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.wire.clock.sleep(ms + jitterMs * this.#options.random(), signal);
      return true;
    } catch {
      return false; // the signal's reason says less than what happened
    }
  }
}

function wireRequest(request: RegistryRequest, hop: Hop, authorization: Authorization | undefined): WireRequest {
  const { access, method, accept, limitBytes, tooLong } = request;
  const isOwn = hop.origin === access.origin;
  return {
    origin: hop.origin,
    path: hop.path,
    method,
    route: isOwn ? ownRoute(access) : foreignRoute(access),
    limitBytes,
    ...(accept !== undefined && { accept }),
    ...(tooLong !== undefined && { tooLong }),
    ...(hop.isInside && authorization !== undefined && { authorization }),
  };
}
