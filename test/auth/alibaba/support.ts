import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { AlibabaAcrConfig } from "../../../src/api/auth-alibaba.ts";
import { alibabaAcrAuth } from "../../../src/auth/alibaba/alibaba-acr.ts";
import { type AuthProvider, CredentialUnavailableError } from "../../../src/keychain/ports.ts";
import { ManualClock } from "../../support/clock.ts";
import { alibabaCanary, alibabaRegistry, alibabaSites } from "../../support/cloud/alibaba.ts";
import { type CloudScene, cloudScene, repositoryOf } from "../../support/cloud/deps.ts";
import { type Internet, type Site, startInternet } from "../../support/cloud/internet.ts";

export const image = `${alibabaRegistry}/acme/app`;

export interface AlibabaScene extends AsyncDisposable {
  readonly internet: Internet;
  readonly scene: CloudScene;
  readonly clock: ManualClock;
  readonly provider: AuthProvider;
  /** `scheme user secret-with-its-number` for an image, or reason and message; and nowhere a secret. */
  ask(name?: string): Promise<string>;
}

export async function alibabaScene(
  config: AlibabaAcrConfig,
  options: { readonly sites?: Readonly<Record<string, Site>>; readonly lifeSeconds?: number } & Partial<
    Parameters<typeof cloudScene>[1]
  > = {},
): Promise<AlibabaScene> {
  const clock = new ManualClock();
  const { sites = {}, lifeSeconds, ...rest } = options;
  const internet = await startInternet({ ...alibabaSites({ clock, ...(lifeSeconds !== undefined && { lifeSeconds }) }), ...sites });
  const scene = cloudScene(internet, { registries: ["*.*.cr.aliyuncs.com"], clock, ...rest });
  const provider = alibabaAcrAuth(config, scene.deps);
  return {
    internet,
    scene,
    clock,
    provider,
    ask: async (name = image) => {
      const signal = new AbortController().signal;
      const answer: unknown = await provider.credentials(repositoryOf(name), signal).catch((error: unknown) => error);
      for (const value of [answer, provider, provider.state(), scene.log, provider.unavailable?.(repositoryOf(name))]) assertSilent(value);
      if (answer instanceof CredentialUnavailableError) return `${answer.reason}: ${answer.message}`;
      assert.ok(Array.isArray(answer), inspect(answer));
      const [first] = await provider.credentials(repositoryOf(name), signal);
      return `${first?.scheme} ${first?.username?.reveal()} ${first?.secret.reveal().replace(`${alibabaCanary}.`, "")}`;
    },
    [Symbol.asyncDispose]: async () => {
      await scene[Symbol.asyncDispose]();
      await internet[Symbol.asyncDispose]();
    },
  };
}

/** No way to print a value shows a secret, or the prose of an answer. */
export function assertSilent(value: unknown): void {
  const texts = [
    inspect(value, { depth: 20, showHidden: true }),
    JSON.stringify(value) ?? "",
    value instanceof Error ? `${value.stack}${inspect(value.cause)}` : "",
  ];
  for (const text of texts) assert.ok(!text.includes(alibabaCanary) && !text.includes("eyJ"), text);
}
