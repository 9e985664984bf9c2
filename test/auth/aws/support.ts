import type { AwsEcrConfig } from "../../../src/api/auth-aws.ts";
import { awsEcrAuth } from "../../../src/auth/aws/aws-ecr.ts";
import { type AuthProvider, CredentialUnavailableError } from "../../../src/keychain/ports.ts";
import { image } from "../../oci/support.ts";
import { type AwsCloud, awsCloud, awsConfig, ecrRegistryHost } from "../../support/cloud/aws.ts";
import { type CloudScene, cloudScene } from "../../support/cloud/deps.ts";
import { type Internet, startInternet } from "../../support/cloud/internet.ts";
import { ManualClock } from "../../support/clock.ts";

/** Nobody gives up. */
export const never = new AbortController().signal;
export const app = `${ecrRegistryHost}/acme/app`;

/** A provider, the cloud that it asks, and everything in between. */
export interface AwsScene extends AsyncDisposable {
  readonly cloud: AwsCloud;
  readonly internet: Internet;
  readonly scene: CloudScene;
  readonly clock: ManualClock;
  readonly provider: AuthProvider;
}

export async function awsScene(
  config: Partial<AwsEcrConfig> = {},
  {
    bare = false,
    addresses = {},
    ...options
  }: Partial<Parameters<typeof cloudScene>[1]> & { readonly bare?: boolean; readonly addresses?: Readonly<Record<string, string>> } = {},
): Promise<AwsScene> {
  const clock = options.clock ?? new ManualClock();
  const cloud = awsCloud(clock);
  const internet = await startInternet(cloud.sites, { addresses });
  const registries = ["*.dkr.ecr.*.amazonaws.com", "public.ecr.aws", ecrRegistryHost];
  const scene = cloudScene(internet, { registries, ...options, clock });
  return {
    cloud,
    internet,
    scene,
    clock,
    // `bare`: the object says nothing but what `config` does.
    provider: awsEcrAuth(bare ? { source: "Auto", trustedHostSuffixes: [], ...config } : awsConfig(config), scene.deps),
    [Symbol.asyncDispose]: async () => {
      await scene[Symbol.asyncDispose]();
      await internet[Symbol.asyncDispose]();
    },
  };
}

/** User and password that would be sent. */
export async function passwordOf(provider: AuthProvider, name = app): Promise<string> {
  const [credential] = await provider.credentials(image(name), never);
  return `${credential?.username?.reveal()} ${credential?.secret.reveal()}`;
}

/** Why there is none. */
export async function refusalOf(provider: AuthProvider, name = app): Promise<CredentialUnavailableError> {
  const answer: unknown = await provider.credentials(image(name), never).catch((error: unknown) => error);
  if (answer instanceof CredentialUnavailableError) return answer;
  throw new TypeError("a credential was given, or something else was thrown", { cause: answer });
}

/** `METHOD path` of everything that was asked, by host. */
export function asked({ internet }: Pick<AwsScene, "internet">): readonly string[] {
  return internet.requests.map(({ site, method, path }) => `${method} ${site}${path}`);
}
