import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type AuthProvider, CredentialUnavailableError } from "../../../src/keychain/ports.ts";
import { type CloudScene, repositoryOf } from "./deps.ts";

/**
 * What a provider gives for an image: `scheme user secret`, the secret as `shown` lets it be seen, or reason and message. And nowhere, however the provider, its
 * state, its log or the answer are printed, one of `secrets`, or a JWT.
 */
export async function askProvider(
  {
    provider,
    scene,
    secrets,
    shown,
  }: {
    readonly provider: AuthProvider;
    readonly scene: Pick<CloudScene, "log">;
    readonly secrets: readonly string[];
    readonly shown: (secret: string) => string;
  },
  name: string,
): Promise<string> {
  const { signal } = new AbortController();
  const answer: unknown = await provider.credentials(repositoryOf(name), signal).catch((error: unknown) => error);
  for (const value of [answer, provider, provider.state(), scene.log, provider.unavailable?.(repositoryOf(name))])
    assertSilent(value, secrets);
  if (answer instanceof CredentialUnavailableError) return `${answer.reason}: ${answer.message}`;
  assert.ok(Array.isArray(answer), inspect(answer));
  const [first] = await provider.credentials(repositoryOf(name), signal);
  return `${first?.scheme} ${first?.username?.reveal()} ${shown(first?.secret.reveal() ?? "")}`;
}

/** No way to print a value shows a secret, or a JWT. */
export function assertSilent(value: unknown, secrets: readonly string[]): void {
  const texts = [
    inspect(value, { depth: 20, showHidden: true }),
    JSON.stringify(value) ?? "",
    value instanceof Error ? `${value.stack}${inspect(value.cause)}` : "",
  ];
  for (const text of texts) for (const secret of [...secrets, "eyJ"]) assert.ok(!text.includes(secret), text);
}
