import type { Counter, Histogram, Metrics } from "../kernel/metrics.ts";
import { CredentialUnavailableError, type Keychain, type UnavailableReason } from "../keychain/ports.ts";

/**
 * What somebody on call asks of credentials: are they fetched, how long does that take, and how many requests go without one. Labels come from closed lists: no
 * host, object or identity is among them (registry-auth.md 6.3).
 */
export class AuthMetrics {
  readonly #refreshes: Counter;
  readonly #duration: Histogram;
  readonly #selected: Counter;

  constructor(metrics: Metrics) {
    this.#refreshes = metrics.counter("countersign_auth_refreshes_total", "Credentials fetched from clouds, by spec.type and outcome", [
      "type",
      "outcome",
    ]);
    this.#duration = metrics.histogram(
      "countersign_auth_refresh_duration_seconds",
      "Time to fetch a credential from a cloud, or to fail to",
      {
        buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
        labelNames: ["type"],
      },
    );
    this.#selected = metrics.counter("countersign_auth_selected_total", "What Stores were given for their requests, by outcome", [
      "outcome",
    ]);
  }

  /** `type`: of the AuthProvider. */
  fetched(type: string, { outcome, tookMs }: { readonly outcome: "Fetched" | UnavailableReason; readonly tookMs: number }): void {
    this.#refreshes.add(1, { type, outcome });
    this.#duration.observe(tookMs / 1000, { type });
  }

  /** The same keychain, whose answers are counted: `Credential`, `Anonymous`, or the reason why there is none. */
  counting(keychain: Keychain): Keychain {
    return {
      select: (repository) => keychain.select(repository),
      origin: (repository) => keychain.origin(repository),
      resolve: async (repository, signal) => {
        try {
          const resolved = await keychain.resolve(repository, signal);
          this.#selected.add(1, { outcome: resolved.credentials.length > 0 ? "Credential" : "Anonymous" });
          return resolved;
        } catch (error) {
          // A deadline is nobody's answer.
          if (error instanceof CredentialUnavailableError) this.#selected.add(1, { outcome: error.reason });
          throw error;
        }
      },
    };
  }
}
