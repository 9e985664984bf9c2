import type { AlibabaAcrConfig } from "../../../src/api/auth-alibaba.ts";
import { alibabaAcrAuth } from "../../../src/auth/alibaba/alibaba-acr.ts";
import type { AuthProvider } from "../../../src/keychain/ports.ts";
import { askProvider } from "../../support/cloud/asked.ts";
import { ManualClock } from "../../support/clock.ts";
import { alibabaCanary, alibabaRegistry, alibabaSites } from "../../support/cloud/alibaba.ts";
import { type CloudScene, cloudScene } from "../../support/cloud/deps.ts";
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
    ask: (name = image) =>
      askProvider({ provider, scene, secrets: [alibabaCanary], shown: (secret) => secret.replace(`${alibabaCanary}.`, "") }, name),
    [Symbol.asyncDispose]: async () => {
      await scene[Symbol.asyncDispose]();
      await internet[Symbol.asyncDispose]();
    },
  };
}
