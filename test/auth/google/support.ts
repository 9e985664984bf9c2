import type { GoogleArtifactRegistryConfig } from "../../../src/api/auth-google.ts";
import { googleArtifactRegistryAuth } from "../../../src/auth/google/google-artifact-registry.ts";
import type { AuthProvider } from "../../../src/keychain/ports.ts";
import { askProvider, assertSilent as assertNothing } from "../../support/cloud/asked.ts";
import { ManualClock } from "../../support/clock.ts";
import { type CloudScene, cloudScene } from "../../support/cloud/deps.ts";
import { googleCanary, googleSites } from "../../support/cloud/google.ts";
import { type Internet, type Site, startInternet } from "../../support/cloud/internet.ts";

export const googleHosts = ["*.pkg.dev", "gcr.io", "eu.gcr.io"];
export const image = "europe-west1-docker.pkg.dev/acme/prod/web";

export interface GoogleScene extends AsyncDisposable {
  readonly internet: Internet;
  readonly scene: CloudScene;
  readonly clock: ManualClock;
  readonly provider: AuthProvider;
  /** `user secret-with-its-number` for an image, or reason and message; and nowhere a token. */
  ask(name?: string): Promise<string>;
}

export async function googleScene(
  config: GoogleArtifactRegistryConfig,
  options: {
    readonly sites?: Readonly<Record<string, Site>>;
    readonly lifeSeconds?: number;
    readonly accounts?: readonly string[];
  } & Partial<Parameters<typeof cloudScene>[1]> = {},
): Promise<GoogleScene> {
  const clock = new ManualClock();
  const { sites = {}, lifeSeconds, accounts, ...rest } = options;
  const life = lifeSeconds === undefined ? {} : { lifeSeconds };
  const own = accounts === undefined ? {} : { accounts };
  const internet = await startInternet({ ...googleSites({ clock, ...life, ...own }), ...sites });
  const scene = cloudScene(internet, { registries: googleHosts, clock, ...rest });
  const provider = googleArtifactRegistryAuth(config, scene.deps);
  return {
    internet,
    scene,
    clock,
    provider,
    ask: (name = image) =>
      askProvider({ provider, scene, secrets: [googleCanary], shown: (secret) => secret.replace(googleCanary, "token") }, name),
    [Symbol.asyncDispose]: async () => {
      await scene[Symbol.asyncDispose]();
      await internet[Symbol.asyncDispose]();
    },
  };
}

/** No way to print a value shows a secret, or the prose of an answer. */
export function assertSilent(value: unknown): void {
  assertNothing(value, [googleCanary]);
}
