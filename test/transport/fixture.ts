import type { Clock } from "../../src/kernel/clock.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { Logger } from "../../src/kernel/logger.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { BoundCredential } from "../../src/oci/credential.ts";
import type { Network } from "../../src/transport/network.ts";
import type { Access, RegistryRequest } from "../../src/transport/request.ts";
import { Transport, type TransportOptions } from "../../src/transport/transport.ts";
import { TransportError } from "../../src/transport/transport-error.ts";
import type { ManualClock } from "../support/clock.ts";
import { createAuthority } from "../support/certificates.ts";
import { trustAuthority } from "../support/registry/network.ts";

/** Every name that a test uses, in one certificate. */
export const names = [
  "localhost",
  "registry.acme.io",
  "gitlab.acme.io",
  "storage.acme.io",
  "evil.example",
  "registry-1.docker.io",
  "auth.docker.io",
  "other.acme.io",
  "metadata.acme.io",
] as const;

export const authority = createAuthority({ commonName: "transport test authority" });
const leaf = authority.issue({ dnsNames: names, ipAddresses: ["127.0.0.1", "10.1.2.3"] });
export const tls = { key: leaf.keyPem, cert: leaf.pem };
trustAuthority(authority.pem);

/** A password that must never be seen again. */
export const canary = "canary-pa55word-7d1f";

export function transport(
  options: { readonly network?: Network; readonly clock?: Clock; readonly logger?: Logger } & Partial<TransportOptions> = {},
): Transport {
  return new Transport({ clock: systemClock, random: () => 0, ...options });
}

export function access(origin: string, more: Partial<Access> = {}): Access {
  return { origin, credentials: [], tokenHosts: [], identity: "anonymous", reach: "registry", caPem: authority.pem, ...more };
}

export function basic(
  origin: string,
  more: Partial<BoundCredential> & { readonly user?: string; readonly password?: string } = {},
): BoundCredential {
  const { user = "alice", password = canary, ...rest } = more;
  return {
    scheme: "basic",
    username: new Secret(user),
    secret: new Secret(password),
    revision: "1",
    origin,
    pathPrefixes: ["/v2/"],
    provider: "acr",
    identity: `acr/${user}`,
    ...rest,
  };
}

export function get(at: Access, repository: string, resource: string, more: Partial<RegistryRequest> = {}): RegistryRequest {
  return {
    access: at,
    method: "GET",
    repository: repository.split("/"),
    resource: resource.split("/"),
    limitBytes: 4 * 1024 * 1024,
    ...more,
  };
}

export function ping(at: Access): RegistryRequest {
  return { access: at, method: "GET", repository: [], resource: [], limitBytes: 65_536 };
}

/** The failure that `work` ends in. */
export async function failureOf(work: Promise<unknown>): Promise<TransportError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof TransportError) return error;
    throw error;
  }
  throw new TypeError("nothing failed");
}

export const never = new AbortController().signal;

/** Moves the clock in steps for as long as `work` goes on: what it waits for besides is I/O, which takes as many steps as it takes. */
export async function drive<T>(clock: ManualClock, stepMs: number, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const ended = work.finally(() => over.abort());
  ended.catch(() => {});
  while (!over.signal.aborted) await clock.advance(stepMs);
  return await ended;
}
