import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildAuthProvider } from "../../../src/auth/catalog.ts";
import type { AuthProviderSpec, AuthProviderType } from "../../../src/api/auth-provider.ts";
import { createKeychain, type KeychainProvider } from "../../../src/keychain/keychain.ts";
import { type AuthProvider, CredentialUnavailableError } from "../../../src/keychain/ports.ts";
import type { RegistryRequest, RegistryResponse } from "../../../src/transport/request.ts";
import { TransportError } from "../../../src/transport/transport-error.ts";
import { type CloudScene, cloudScene, repositoryOf } from "../../support/cloud/deps.ts";
import { entry } from "../../support/cloud/pull.ts";
import { type Internet, type SeenRequest, type Site, type SiteAnswer, startInternet } from "../../support/cloud/internet.ts";
import { ManualClock } from "../../support/clock.ts";
import { subjects } from "./subjects.ts";

export const never = new AbortController().signal;
/** Whoever would gladly have a credential. */
export const evil = "evil.example";

export interface AttackScene extends AsyncDisposable {
  readonly internet: Internet;
  readonly scene: CloudScene;
  readonly clock: ManualClock;
  readonly provider: AuthProvider;
  readonly host: string;
  /** Reads something of an image as a Store does. `200`, `<class>`, or `CredentialUnavailable <reason>`. */
  read(name: string, resource?: readonly string[]): Promise<string>;
  /** The answer to it. @throws as the keychain and the transport do */
  send(name: string, more?: Partial<RegistryRequest>): Promise<RegistryResponse>;
  /** What the registry, or another host, does with some requests, in the place of its honest self. */
  mislead(trick: (request: SeenRequest) => SiteAnswer | undefined, site?: string): void;
}

export interface AttackOptions {
  /** Default: the host of the subject. */
  readonly registries?: readonly string[];
  readonly sites?: Readonly<Record<string, Site>>;
  readonly namespace?: string;
}

/** One provider of a type in its own world, with an attacker among the hosts. */
export async function attack(type: AuthProviderType, options: AttackOptions = {}): Promise<AttackScene> {
  const subject = subjects[type];
  const { host } = subject;
  const { registries = [host], namespace } = options;
  const clock = new ManualClock();
  const honest: Readonly<Record<string, Site>> = { ...subject.sites(clock), [evil]: takesAll };
  const internet = await startInternet({ ...honest, ...options.sites });
  const scene = cloudScene(internet, { registries, clock, ...(namespace !== undefined && { namespace }) });
  const fileRoot = mkdtempSync(join(tmpdir(), "countersign-advisories-"));
  for (const [name, content] of Object.entries(subject.files ?? {})) writeFileSync(join(fileRoot, name), content);
  const deps = { ...scene.deps, fileRoot, ...(subject.material !== undefined && { material: subject.material }) };
  // One member of the union, which the table cannot spell.
  const provider = buildAuthProvider({ type, config: subject.config } as unknown as AuthProviderSpec, deps);
  const send: AttackScene["send"] = async (name, more = {}) => await ask(scene, [entry("acme", registries, provider)], name, more);
  return {
    internet,
    scene,
    clock,
    provider,
    host,
    send,
    read: (name, resource = ["manifests", "1"]) => outcomeOf(send(name, { resource })),
    mislead: (trick, site = host) => {
      const own = honest[site];
      assert.ok(own !== undefined);
      internet.set(site, (request, wire) => trick(request) ?? own(request, wire));
    },
    [Symbol.asyncDispose]: async () => {
      await scene[Symbol.asyncDispose]();
      await internet[Symbol.asyncDispose]();
      rmSync(fileRoot, { recursive: true });
    },
  };
}

/** One request, by the keychain's choice among providers. */
export async function ask(
  { transport }: Pick<CloudScene, "transport">,
  providers: readonly KeychainProvider[],
  name: string,
  more: Partial<RegistryRequest> = {},
): Promise<RegistryResponse> {
  const repository = repositoryOf(name);
  const resolved = await createKeychain({ unmatched: "Deny", providers }).resolve(repository, never);
  return await transport.send(
    {
      access: { ...resolved, reach: "registry" },
      method: "GET",
      repository: repository.segments,
      resource: ["manifests", "1"],
      limitBytes: 65_536,
      ...more,
    },
    never,
  );
}

export async function outcomeOf(work: Promise<RegistryResponse>): Promise<string> {
  try {
    return String((await work).status);
  } catch (error) {
    if (error instanceof CredentialUnavailableError) return `${error.class} ${error.reason}`;
    if (error instanceof TransportError) return error.class;
    throw error;
  }
}

/** Everything that could be worth something to who receives it. */
export function carried(requests: readonly SeenRequest[]): readonly string[] {
  return requests
    .filter(({ headers, body }) => headers.authorization !== undefined || headers.cookie !== undefined || body !== "")
    .map(({ site, method, path }) => `${method} ${site}${path}`);
}

/** Nothing was asked for, looked up or sent. */
export function assertSilentWire({ internet, scene }: Pick<AttackScene, "internet" | "scene">, message: string): void {
  assert.deepEqual([internet.requests, internet.lookedUp, scene.tokenRequests], [[], [], []], message);
}

/** Plays every part: a registry, its token service, an identity service. */
export const takesAll: Site = () => ({ status: 200, body: { token: "trap", access_token: "trap", refresh_token: "trap" } });
